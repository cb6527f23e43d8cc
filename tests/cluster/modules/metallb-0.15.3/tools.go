//go:build tools

// Package tools names the commands that are built from here,
// so that `go mod tidy` keeps what they need in go.mod and go.sum.
package tools

import (
	_ "go.universe.tf/metallb/controller"
	_ "go.universe.tf/metallb/frr-tools/cp-tool"
	_ "go.universe.tf/metallb/frr-tools/metrics"
	_ "go.universe.tf/metallb/speaker"
)
