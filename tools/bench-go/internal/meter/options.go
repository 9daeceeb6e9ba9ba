package meter

import (
	"flag"
	"net/http"
	"os"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Options are those of every program.
type Options struct {
	What       string
	Server     string
	Kubeconfig string
	Resource   string
	Flavor     string
	Count      int
	Events     int
	Trigger    string
	Logs       bool
}

// Parse reads the command line: WHAT, then flags.
func Parse() Options {
	var o Options
	// Not the shared set: libraries have flags there.
	flags := flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	flags.StringVar(&o.Server, "server", "", "address")
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "file")
	flags.StringVar(&o.Resource, "resource", "widgets.v1.bench.example.com", "RESOURCE.VERSION.GROUP, or pods.v1")
	flags.StringVar(&o.Flavor, "flavor", "typed", "typed or dynamic")
	flags.IntVar(&o.Count, "count", 0, "objects to wait for")
	flags.IntVar(&o.Events, "events", 0, "updates to wait for")
	flags.StringVar(&o.Trigger, "trigger", "", "path to POST to when the cache is full")
	flags.BoolVar(&o.Logs, "logs", false, "log as operators do, to nowhere")
	flags.Bool("json", true, "one line of JSON")
	if len(os.Args) < 2 {
		flags.Usage()
		os.Exit(2)
	}
	o.What = os.Args[1]
	Must(flags.Parse(os.Args[2:]))
	return o
}

// Pods says whether the objects are those of the core, and no widgets.
func (o Options) Pods() bool { return o.Resource == "pods.v1" }

// GVR returns the resource.
func (o Options) GVR() schema.GroupVersionResource {
	if o.Pods() {
		return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	}
	resource, _ := schema.ParseResourceArg(o.Resource)
	return *resource
}

// Config returns how to reach the server.
func (o Options) Config() *rest.Config {
	config := &rest.Config{Host: o.Server}
	if o.Kubeconfig != "" {
		var err error
		config, err = clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
		Must(err)
	}
	return config
}

// Pull asks the server for the updates.
func (o Options) Pull() {
	if o.Trigger == "" {
		return
	}
	answer, err := http.Post(o.Server+o.Trigger, "application/json", nil)
	Must(err)
	Must(answer.Body.Close())
}
