//go:build tools

// Package tools names the command that is built from here,
// so that `go mod tidy` keeps what it needs in go.mod and go.sum.
package tools

import _ "github.com/operator-framework/api/cmd/operator-verify"
