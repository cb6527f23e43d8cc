// Command etcd is the etcd server, whose module has no main package of its own that builds alone.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
