// Judge-chains reads certificate chains from standard input, as a stream of JSON, and says for each
// whether an API server would call a webhook that serves it: roots as client-go reads a caBundle, then a
// TLS handshake. The verdicts are a JSON array on standard output, empty for a chain that is accepted.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"
)

type question struct {
	CABundle string    `json:"caBundle"`
	Chain    string    `json:"chain"`
	Key      string    `json:"key"`
	DNSName  string    `json:"dnsName"`
	Now      time.Time `json:"now"`
}

// A handshake within one process takes milliseconds.
const patience = 30 * time.Second

func main() {
	input := json.NewDecoder(os.Stdin)
	verdicts := []string{}
	for {
		var asked question
		if err := input.Decode(&asked); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		verdict := ""
		if err := judge(asked); err != nil {
			verdict = err.Error()
		}
		verdicts = append(verdicts, verdict)
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		log.Fatal(err)
	}
}

func judge(asked question) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(asked.CABundle)) {
		return errors.New("no certificate in the CA bundle")
	}
	served, err := serverCertificate(asked)
	if err != nil {
		return err
	}
	clientSide, serverSide := net.Pipe()
	defer clientSide.Close()
	server := tls.Server(serverSide, &tls.Config{Certificates: []tls.Certificate{served}})
	serverError := make(chan error, 1)
	go func() {
		defer serverSide.Close()
		serverError <- server.Handshake()
	}()
	client := tls.Client(clientSide, &tls.Config{
		RootCAs:    roots,
		ServerName: asked.DNSName,
		Time:       func() time.Time { return asked.Now },
	})
	if err := clientSide.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := client.Handshake(); err != nil {
		clientSide.Close()
		return fmt.Errorf("%w (server: %v)", err, <-serverError)
	}
	return nil
}

// The certificates are sent as they are: it is the client that is to refuse them.
func serverCertificate(asked question) (tls.Certificate, error) {
	var served tls.Certificate
	for rest := []byte(asked.Chain); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		served.Certificate = append(served.Certificate, block.Bytes)
	}
	if len(served.Certificate) == 0 {
		return served, errors.New("no certificate to serve")
	}
	block, _ := pem.Decode([]byte(asked.Key))
	if block == nil {
		return served, errors.New("no key")
	}
	var err error
	served.PrivateKey, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	return served, err
}
