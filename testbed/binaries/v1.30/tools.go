//go:build tools

// Package binaries pins the oldest supported Kubernetes; etcd and Helm are those of the newest.
package binaries

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
