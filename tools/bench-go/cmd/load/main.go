// Command load asks an API server for as much as it can do, by kinds of requests.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"homeostat.dev/tools/bench-go/internal/meter"
)

const (
	namespace = "load"
	listed    = 100 // objects of a list
	applied   = 200 // objects that are applied over and over
	follow    = "?fieldManager=load&force=true"
)

type load struct {
	server  server
	clients []*conn
	objects int
	time    time.Duration
	figures meter.Figures
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file")
	clients := flag.Int("clients", 16, "connections")
	objects := flag.Int("objects", 10_000, "to create of each kind")
	seconds := flag.Float64("seconds", 3, "for each kind of requests")
	flag.Bool("json", true, "one line of JSON")
	flag.Parse()

	l := load{
		server:  serverOf(meter.Options{Kubeconfig: *kubeconfig}.Config()),
		objects: *objects,
		time:    time.Duration(*seconds * float64(time.Second)),
		figures: meter.Figures{"objects": float64(2 * *objects)},
	}
	for range *clients {
		l.clients = append(l.clients, l.server.dial())
	}
	started := meter.Start()
	l.prepare()
	for _, k := range []kind{configMap, gadget} {
		l.rates(k)
	}
	l.serial(configMap)
	l.latency(configMap)
	l.fanOut(configMap)
	l.figures["generator_cpu_s"] = started.CPU()
	l.figures.Print()
}

func (l load) prepare() {
	c := l.clients[0]
	for _, name := range []string{namespace, "lists", "applies", "watched", "fan-out"} {
		c.ask("POST", "/api/v1/namespaces", asJSON, fmt.Appendf(nil,
			`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"%s"}}`, name))
	}
	c.ask("POST", crdPath, asJSON, []byte(gadgets))
	patient("serve gadgets", func() bool {
		status, _ := c.try("GET", gadget.in(namespace), "", nil)
		return status == http.StatusOK
	})
	for _, k := range []kind{configMap, gadget} {
		for n := range listed {
			c.ask("POST", k.in("lists"), asJSON, k.object(name(n), n))
		}
	}
}

func name(n int) string { return fmt.Sprintf("it-%d", n) }

// all has each client do one thing after the other until there are enough, or it is
// late, and returns how many were done in a second. Numbers count up from 0.
func (l load) all(enough int, one func(c *conn, n int)) float64 {
	var number, done atomic.Int64
	var clients sync.WaitGroup
	started := time.Now()
	for _, c := range l.clients {
		clients.Go(func() {
			for enough > 0 || time.Since(started) < l.time {
				n := int(number.Add(1) - 1)
				if enough > 0 && n >= enough {
					return
				}
				one(c, n)
				done.Add(1)
			}
		})
	}
	clients.Wait()
	return float64(done.Load()) / time.Since(started).Seconds()
}

func (l load) rates(k kind) {
	rate := func(what string, enough int, one func(c *conn, n int)) {
		l.figures[k.name+"_"+what+"_per_s"] = l.all(enough, one)
	}
	here, applies := k.in(namespace), k.in("applies")
	rate("creates", l.objects, func(c *conn, n int) {
		c.ask("POST", here, asJSON, k.object(name(n), n))
	})
	rate("gets", 0, func(c *conn, n int) {
		// Strides, that no two clients ask for neighbours.
		c.ask("GET", here+"/"+name(n*7919%l.objects), "", nil)
	})
	rate("merges", 0, func(c *conn, n int) {
		c.ask("PATCH", here+"/"+name(n*7919%l.objects), asMerge, k.merge(l.objects+n))
	})
	apply := func(c *conn, n int) {
		at := name(n % applied)
		c.ask("PATCH", applies+"/"+at+follow, asApply, k.object(at, n))
	}
	l.all(applied, apply)
	rate("applies", 0, func(c *conn, n int) { apply(c, applied+n) })
	rate("lists", 0, func(c *conn, _ int) { c.ask("GET", k.in("lists"), "", nil) })
}
