// Idle-connections opens connections, lets each be idle for a while, and then uses it again: what an API
// server does up to the moment at which it would drop the connection itself. What came of it is JSON on
// standard output.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"sync"
	"time"

	"ecr-pull-secrets/e2e/go/internal/caller"
)

// A few at a time: the handshakes are not what is looked at.
const opening = 32

type result struct {
	Opened int `json:"opened"`
	// Of the opened connections, those that the client itself did not close after the first review.
	Kept   int `json:"kept"`
	Reused int `json:"reused"`
	// Of the connections that were reused.
	ShortestIdleMs int64    `json:"shortestIdleMs"`
	LongestIdleMs  int64    `json:"longestIdleMs"`
	Errors         []string `json:"errors"`
}

func main() {
	connections := flag.Int("connections", 1000, "how many connections")
	shortest := flag.Duration("shortest", 89*time.Second, "how long the first one is idle")
	longest := flag.Duration("longest", 91*time.Second, "how long the last one is idle")
	fromFlags := caller.FromFlags()
	flag.Parse()
	webhook, err := fromFlags()
	if err != nil {
		log.Fatal(err)
	}

	found := result{Errors: []string{}, ShortestIdleMs: longest.Milliseconds()}
	var lock sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, opening)
	for index := range *connections {
		idle := *shortest + (*longest-*shortest)*time.Duration(index)/time.Duration(*connections)
		all.Add(1)
		go func() {
			defer all.Done()
			add := useTwice(webhook.NewClient(), idle, slots)
			lock.Lock()
			defer lock.Unlock()
			add(&found)
		}()
	}
	all.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

// useTwice returns what came of it, to be added to the result.
func useTwice(client *caller.Client, idle time.Duration, slots chan struct{}) func(*result) {
	slots <- struct{}{}
	first, err := client.Review()
	<-slots
	idleFrom := time.Now()
	if err != nil {
		return func(found *result) { found.Errors = append(found.Errors, "first review: "+err.Error()) }
	}
	time.Sleep(idle)
	idleMs := time.Since(idleFrom).Milliseconds()
	kept := first.Kept()
	call, err := client.Review()
	return func(found *result) { found.add(idleMs, kept, call, err) }
}

func (found *result) add(idleMs int64, kept bool, call caller.Call, err error) {
	found.Opened++
	if kept {
		found.Kept++
	}
	if err != nil {
		found.Errors = append(found.Errors, err.Error())
		return
	}
	if !call.Reused {
		return
	}
	found.Reused++
	found.ShortestIdleMs = min(found.ShortestIdleMs, idleMs)
	found.LongestIdleMs = max(found.LongestIdleMs, idleMs)
}
