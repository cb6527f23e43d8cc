//go:build tools

// Package tools names the commands that are built from here,
// so that `go mod tidy` keeps what they need in go.mod and go.sum.
package tools

import (
	_ "github.com/metallb/frr-k8s/cmd/frr-k8s-controller"
	_ "github.com/metallb/frr-k8s/cmd/statuscleaner"
	_ "github.com/metallb/frr-k8s/frr-tools/metrics"
	_ "github.com/metallb/frr-k8s/frr-tools/status"
)
