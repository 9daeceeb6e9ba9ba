package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"homeostat.dev/tools/bench-go/internal/meter"
	"homeostat.dev/tools/bench-go/internal/widget"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
)

const (
	reads    = 20000
	lists    = 50
	indexed  = 500
	atOnce   = 16
	sequence = 2000
)

func add(to, more meter.Figures) {
	for name, value := range more {
		to[name] = value
	}
}

// storm waits for updates, each of which queues a key.
func storm(o meter.Options, seen *atomic.Int64) meter.Figures {
	started := meter.Start()
	o.Pull()
	for seen.Load() < int64(o.Events) {
		time.Sleep(5 * time.Millisecond)
	}
	cpu, wall := started.CPU(), started.Wall()
	return meter.Figures{
		"events":           float64(o.Events),
		"storm_wall_s":     wall,
		"storm_cpu_s":      cpu,
		"events_per_cpu_s": float64(o.Events) / cpu,
		"rss_storm_mb":     meter.SettledMB(),
	}
}

// get reads one object by its key and copies it, as whoever changes it must.
func get(o meter.Options, shared cache.SharedIndexInformer) meter.Figures {
	store := shared.GetStore()
	keys := store.ListKeys()
	started := meter.Start()
	for n := range reads {
		found, _, err := store.GetByKey(keys[n*7919%len(keys)])
		meter.Must(err)
		if found.(runtime.Object).DeepCopyObject() == nil {
			panic("no copy")
		}
	}
	return meter.Figures{o.Flavor + "_us": started.CPU() / reads * 1e6}
}

// list lists the objects of one label, each copied, without an index and with one.
func list(o meter.Options, shared cache.SharedIndexInformer) meter.Figures {
	byApp := func(obj any) ([]string, error) {
		found, err := meta.Accessor(obj)
		return []string{found.GetLabels()["app"]}, err
	}
	meter.Must(shared.AddIndexers(cache.Indexers{"app": byApp}))
	values := shared.GetIndexer().ListIndexFuncValues("app")
	hits := 0
	started := meter.Start()
	for n := range lists {
		wanted := labels.SelectorFromSet(labels.Set{"app": values[n*31%len(values)]})
		meter.Must(cache.ListAll(shared.GetStore(), wanted, func(found any) {
			_ = found.(runtime.Object).DeepCopyObject()
			hits++
		}))
	}
	plain := started.CPU() / lists * 1e3
	started = meter.Start()
	for n := range indexed {
		found, err := shared.GetIndexer().ByIndex("app", values[n*31%len(values)])
		meter.Must(err)
		for _, each := range found {
			_ = each.(runtime.Object).DeepCopyObject()
		}
	}
	return meter.Figures{
		"hits":                        float64(hits) / lists,
		o.Flavor + "_ms":              plain,
		"indexed_" + o.Flavor + "_ms": started.CPU() / indexed * 1e3,
	}
}

// requests reads single objects, undecoded, one after the other and 16 at once.
func requests(o meter.Options) {
	config := o.Config()
	config.QPS = -1
	client, err := widget.Client(config)
	meter.Must(err)
	var found widget.WidgetList
	listed := client.Get().Resource("widgets").Param("limit", "500").Do(context.Background())
	meter.Must(listed.Into(&found))
	read := func(count int) {
		for n := range count {
			one := &found.Items[n%len(found.Items)]
			_, err := client.Get().Namespace(one.Namespace).Resource("widgets").
				Name(one.Name).DoRaw(context.Background())
			meter.Must(err)
		}
	}
	read(100)
	started := meter.Start()
	read(sequence * 5)
	alone := started.CPU() / (sequence * 5) * 1e6
	started = meter.Start()
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() { read(sequence * 5 / atOnce) })
	}
	group.Wait()
	meter.Figures{
		"requests":      sequence * 5,
		"sequential_us": alone,
		"at_once_us":    started.CPU() / (sequence * 5) * 1e6,
	}.Print()
}
