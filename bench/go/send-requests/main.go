// Send-requests sends requests to an API server for many names, several names at once: the least that a client
// can do. It reads a plan as JSON, and prints what it measured as JSON.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What stands for the name in paths and bodies.
const placeholder = "{{name}}"

type plan struct {
	Server      string
	CA          string
	Token       string
	Concurrency int
	Names       []string
	// One after another for each name.
	Requests []request
}

type request struct {
	Method, Path, ContentType, Accept, Body string
}

type report struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	P50Ms      float64 `json:"p50Ms"`
	P99Ms      float64 `json:"p99Ms"`
	Failed     int     `json:"failed"`
	// The first ones.
	Failures []string `json:"failures"`
}

func main() {
	var todo plan
	if err := json.NewDecoder(os.Stdin).Decode(&todo); err != nil {
		log.Fatal(err)
	}
	client, err := newClient(todo)
	if err != nil {
		log.Fatal(err)
	}
	// The handshake is not measured.
	if err := send(client, todo, request{Method: "GET", Path: "/livez"}, ""); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(run(client, todo)); err != nil {
		log.Fatal(err)
	}
}

func newClient(todo plan) (*http.Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(todo.CA)) {
		return nil, fmt.Errorf("no certificate in the plan")
	}
	// As client-go: all requests over one connection.
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}

func run(client *http.Client, todo plan) report {
	names := make(chan string, len(todo.Names))
	for _, name := range todo.Names {
		names <- name
	}
	close(names)

	var lock sync.Mutex
	var workers sync.WaitGroup
	latencies := []float64{}
	failed, failures := 0, []string{}
	started, cpuBefore := time.Now(), cpuSeconds()
	for range todo.Concurrency {
		workers.Go(func() {
			for name := range names {
				latency, err := sendAll(client, todo, name)
				lock.Lock()
				if err == nil {
					latencies = append(latencies, latency)
				} else if failed++; len(failures) < 3 {
					failures = append(failures, err.Error())
				}
				lock.Unlock()
			}
		})
	}
	workers.Wait()
	seconds, cpu := time.Since(started).Seconds(), cpuSeconds()-cpuBefore
	slices.Sort(latencies)
	return report{seconds, cpu, quantile(latencies, 0.5), quantile(latencies, 0.99), failed, failures}
}

// Milliseconds.
func sendAll(client *http.Client, todo plan, name string) (float64, error) {
	started := time.Now()
	for _, each := range todo.Requests {
		if err := send(client, todo, each, name); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(started).Microseconds()) / 1000, nil
}

func send(client *http.Client, todo plan, each request, name string) error {
	fill := func(text string) string { return strings.ReplaceAll(text, placeholder, name) }
	outgoing, err := http.NewRequest(each.Method, todo.Server+fill(each.Path), bytes.NewBufferString(fill(each.Body)))
	if err != nil {
		return err
	}
	outgoing.Header.Set("Authorization", "Bearer "+todo.Token)
	outgoing.Header.Set("Content-Type", each.ContentType)
	outgoing.Header.Set("Accept", each.Accept)
	response, err := client.Do(outgoing)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.300s", each.Method, fill(each.Path), response.Status, body)
	}
	return nil
}

func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1))]
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
