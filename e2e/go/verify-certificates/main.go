// Verify-certificates reads certificates from standard input, as a stream of JSON, and judges them with
// Go's crypto/x509, which is what API servers use. First come the CAs, then one certificate after
// another, each with what it is meant to say. The verdict is JSON on standard output.
package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"
)

type caList struct {
	CAs []string `json:"cas"`
}

type expectation struct {
	PEM       string    `json:"pem"`
	DNSNames  []string  `json:"dnsNames"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
}

type verdict struct {
	Accepted int      `json:"accepted"`
	Problems []string `json:"problems"`
}

// More than a person reads.
const maxProblems = 20

func main() {
	input := json.NewDecoder(os.Stdin)
	roots, err := readCAs(input)
	if err != nil {
		log.Fatal(err)
	}
	result := verdict{Problems: []string{}}
	serials := map[string]bool{}
	for index := 0; ; index++ {
		var expected expectation
		if err := input.Decode(&expected); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		if err := judge(expected, roots, serials); err == nil {
			result.Accepted++
		} else if len(result.Problems) < maxProblems {
			result.Problems = append(result.Problems, fmt.Sprintf("%d: %v", index, err))
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func readCAs(input *json.Decoder) (*x509.CertPool, error) {
	var first caList
	if err := input.Decode(&first); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, text := range first.CAs {
		ca, err := parse(text)
		if err != nil {
			return nil, err
		}
		if !ca.BasicConstraintsValid || !ca.IsCA {
			return nil, errors.New("the certificate is no CA")
		}
		if ca.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
			return nil, fmt.Errorf("the CA's key usage is %b", ca.KeyUsage)
		}
		pool.AddCert(ca)
	}
	return pool, nil
}

func parse(text string) (*x509.Certificate, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		return nil, errors.New("not one CERTIFICATE block")
	}
	return x509.ParseCertificate(block.Bytes)
}

func judge(expected expectation, roots *x509.CertPool, serials map[string]bool) error {
	certificate, err := parse(expected.PEM)
	if err != nil {
		return err
	}
	return errors.Join(
		serialProblem(certificate, serials),
		formProblem(certificate),
		datesProblem(certificate, expected),
		chainProblem(certificate, expected, roots),
	)
}

// That a serial number is encoded in as few bytes as it needs is seen by x509.ParseCertificate.
func serialProblem(certificate *x509.Certificate, serials map[string]bool) error {
	serial := certificate.SerialNumber
	if serial.Sign() <= 0 || len(serial.Bytes()) != 16 {
		return fmt.Errorf("serial number %v is not positive and of 16 bytes", serial)
	}
	if serials[serial.String()] {
		return fmt.Errorf("serial number %v came before", serial)
	}
	serials[serial.String()] = true
	return nil
}

func formProblem(certificate *x509.Certificate) error {
	if certificate.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment {
		return fmt.Errorf("key usage %b", certificate.KeyUsage)
	}
	if !slices.Equal(certificate.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		return fmt.Errorf("extended key usage %v", certificate.ExtKeyUsage)
	}
	if !certificate.BasicConstraintsValid || certificate.IsCA {
		return errors.New("it may be a CA")
	}
	if certificate.SignatureAlgorithm != x509.SHA256WithRSA {
		return fmt.Errorf("signed with %v", certificate.SignatureAlgorithm)
	}
	key, isRSA := certificate.PublicKey.(*rsa.PublicKey)
	if !isRSA || key.N.BitLen() < 2048 {
		return errors.New("no RSA key of 2048 bits")
	}
	return nil
}

func datesProblem(certificate *x509.Certificate, expected expectation) error {
	if !certificate.NotBefore.Equal(expected.NotBefore) {
		return fmt.Errorf("not before %v, expected %v", certificate.NotBefore, expected.NotBefore)
	}
	if !certificate.NotAfter.Equal(expected.NotAfter) {
		return fmt.Errorf("not after %v, expected %v", certificate.NotAfter, expected.NotAfter)
	}
	return nil
}

// As an API server does it for each connection: under every name, from the first second to the last.
func chainProblem(certificate *x509.Certificate, expected expectation, roots *x509.CertPool) error {
	if !slices.Equal(certificate.DNSNames, expected.DNSNames) {
		return fmt.Errorf("names %q, expected %q", certificate.DNSNames, expected.DNSNames)
	}
	for _, name := range expected.DNSNames {
		if err := certificate.VerifyHostname(name); err != nil {
			return err
		}
	}
	options := x509.VerifyOptions{
		Roots:     roots,
		DNSName:   expected.DNSNames[len(expected.DNSNames)-1],
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, options.CurrentTime = range []time.Time{expected.NotBefore, expected.NotAfter} {
		if _, err := certificate.Verify(options); err != nil {
			return err
		}
	}
	options.CurrentTime = expected.NotAfter.Add(time.Second)
	if _, err := certificate.Verify(options); err == nil {
		return errors.New("accepted after its end")
	}
	return nil
}
