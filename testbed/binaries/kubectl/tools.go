//go:build tools

// Package kubectl pins the kubectl of the tests. Its own module: what it needs is no reason to build the cluster anew.
package kubectl

import _ "k8s.io/kubernetes/cmd/kubectl"
