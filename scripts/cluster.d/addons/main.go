// What a cluster has beside Kubernetes: the names of its Services, and volumes. The first argument, or the name that
// it is called by, chooses.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name == "addons" && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	switch name {
	case "coredns":
		coremain.Run()
	case "volumes":
		if err := volumes(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "volumes:", err)
			os.Exit(1)
		}
	default:
		fmt.Fprintf(os.Stderr, "nothing here is called %q\n", name)
		os.Exit(2)
	}
}
