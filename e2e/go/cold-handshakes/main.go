// Cold-handshakes opens many connections at the same moment, each with a review, while other reviews run on
// connections that are open already: what an API server does when many pods are created at once. What it
// measured is JSON on standard output.
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

// How long the running reviews run before and after the burst.
const margin = time.Second

type measured struct {
	Answered  int      `json:"answered"`
	SlowestMs int64    `json:"slowestMs"`
	Errors    []string `json:"errors"`
}

func (m *measured) add(call caller.Call, err error) {
	if err != nil {
		m.Errors = append(m.Errors, err.Error())
		return
	}
	m.Answered++
	m.SlowestMs = max(m.SlowestMs, call.Took.Milliseconds())
}

func main() {
	connections := flag.Int("connections", 200, "how many handshakes at once")
	reviewers := flag.Int("reviewers", 4, "how many reviews at a time run beside them")
	fromFlags := caller.FromFlags()
	flag.Parse()
	webhook, err := fromFlags()
	if err != nil {
		log.Fatal(err)
	}

	over := make(chan struct{})
	running := make(chan measured, *reviewers)
	for range *reviewers {
		go func() { running <- reviewUntil(over, webhook) }()
	}
	time.Sleep(margin)
	cold := handshakes(webhook, *connections)
	time.Sleep(margin)
	close(over)

	beside := measured{Errors: []string{}}
	for range *reviewers {
		one := <-running
		beside.Answered += one.Answered
		beside.SlowestMs = max(beside.SlowestMs, one.SlowestMs)
		beside.Errors = append(beside.Errors, one.Errors...)
	}
	result := map[string]measured{"cold": cold, "beside": beside}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

// handshakes gives each call a client of its own, or a call could get a connection that another has done with.
func handshakes(webhook *caller.Webhook, connections int) measured {
	result := measured{Errors: []string{}}
	var lock sync.Mutex
	var all sync.WaitGroup
	start := make(chan struct{})
	for range connections {
		client := webhook.NewClient()
		all.Add(1)
		go func() {
			defer all.Done()
			<-start
			call, err := client.Review()
			lock.Lock()
			defer lock.Unlock()
			result.add(call, err)
		}()
	}
	close(start)
	all.Wait()
	return result
}

func reviewUntil(over <-chan struct{}, webhook *caller.Webhook) measured {
	result := measured{}
	client := webhook.NewClient()
	for {
		select {
		case <-over:
			return result
		default:
			result.add(client.Review())
		}
	}
}
