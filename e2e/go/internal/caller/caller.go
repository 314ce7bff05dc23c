// Package caller sends reviews as an API server does.
package caller

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"time"
)

// Webhook is where reviews go to, and what they are.
type Webhook struct {
	url     string
	roots   *x509.CertPool
	server  string
	review  []byte
	timeout time.Duration
}

// FromFlags declares the flags that describe the webhook; the function reads them once they are parsed.
func FromFlags() func() (*Webhook, error) {
	url := flag.String("url", "", "where to post reviews")
	ca := flag.String("ca", "", "file of the certificates to trust (PEM)")
	server := flag.String("server-name", "", "name that the certificate must have")
	review := flag.String("review", "", "file of the review to send (JSON)")
	timeout := flag.Duration("timeout", 5*time.Second, "how long a call may take, its handshake included")

	return func() (*Webhook, error) {
		bundle, err := os.ReadFile(*ca)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(bundle) {
			return nil, fmt.Errorf("no certificate in %s", *ca)
		}
		body, err := os.ReadFile(*review)
		if err != nil {
			return nil, err
		}
		return &Webhook{url: *url, roots: roots, server: *server, review: body, timeout: *timeout}, nil
	}
}

// Client has connections of its own. They stay open for as long as the server lets them.
type Client struct {
	webhook *Webhook
	http    *http.Client
}

// NewClient sets what client-go sets for webhooks (transport/cache.go, apiserver util/webhook/client.go),
// but for IdleConnTimeout, which is to be the server's matter here.
func (webhook *Webhook) NewClient() *Client {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     0,
		TLSClientConfig: &tls.Config{
			RootCAs:    webhook.roots,
			ServerName: webhook.server,
			NextProtos: []string{"http/1.1"},
		},
	}
	return &Client{webhook: webhook, http: &http.Client{Transport: transport, Timeout: webhook.timeout}}
}

// Call is one review that was answered.
type Call struct {
	// Took counts from before the connection to the end of the answer.
	Took time.Duration
	// Kept reports whether the client kept the connection open for the next call. It closes one of which it does not see
	// within 50 ms that the request was written (net/http, maxWriteWaitBeforeConnReuse), which occurs on a busy machine.
	Kept func() bool
	// Reused is whether the connection had been used before. Go replaces one that it finds closed before
	// it wrote anything, without an error.
	Reused bool
}

// Review sends the review and reads its answer to the end.
func (client *Client) Review() (Call, error) {
	var call Call
	var kept atomic.Bool
	call.Kept = kept.Load
	trace := &httptrace.ClientTrace{
		GotConn:     func(info httptrace.GotConnInfo) { call.Reused = info.Reused },
		PutIdleConn: func(err error) { kept.Store(err == nil) },
	}
	ctx := httptrace.WithClientTrace(context.Background(), trace)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, client.webhook.url, bytes.NewReader(client.webhook.review))
	if err != nil {
		return call, err
	}
	request.Header.Set("Content-Type", "application/json")
	start := time.Now()
	response, err := client.http.Do(request)
	if err != nil {
		return call, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	call.Took = time.Since(start)
	if err != nil {
		return call, err
	}
	if response.StatusCode != http.StatusOK {
		return call, fmt.Errorf("status %d", response.StatusCode)
	}
	if !bytes.Contains(answer, []byte(`"patchType":"JSONPatch"`)) {
		return call, errors.New("the pod was not injected")
	}
	return call, nil
}
