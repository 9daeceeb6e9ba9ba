// Command client-go measures informers of client-go, typed and dynamic.
package main

import (
	"context"
	"sync/atomic"
	"time"

	"homeostat.dev/tools/bench-go/internal/meter"
	"homeostat.dev/tools/bench-go/internal/widget"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

func informer(o meter.Options, config *rest.Config) cache.SharedIndexInformer {
	switch {
	case o.Flavor == "dynamic":
		client, err := dynamic.NewForConfig(config)
		meter.Must(err)
		return dynamicinformer.NewDynamicSharedInformerFactory(client, 0).
			ForResource(o.GVR()).Informer()
	case o.Pods():
		client, err := kubernetes.NewForConfig(config)
		meter.Must(err)
		return informers.NewSharedInformerFactory(client, 0).Core().V1().Pods().Informer()
	}
	client, err := widget.Client(config)
	meter.Must(err)
	source := cache.NewListWatchFromClient(client, "widgets", corev1.NamespaceAll, fields.Everything())
	return cache.NewSharedIndexInformer(
		cache.ToListWatcherWithWatchListSemantics(source, client),
		&widget.Widget{}, 0,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc},
	)
}

func main() {
	o := meter.Parse()
	if o.What == "requests" {
		requests(o)
		return
	}
	shared := informer(o, o.Config())
	queue := workqueue.NewTypedRateLimitingQueue(
		workqueue.DefaultTypedControllerRateLimiter[string]())
	var seen atomic.Int64
	if o.What == "storm" {
		_, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
			UpdateFunc: func(_, obj any) {
				key, _ := cache.MetaNamespaceKeyFunc(obj)
				queue.Add(key)
				seen.Add(1)
			},
		})
		meter.Must(err)
	}
	before := meter.SettledMB()
	started := meter.Start()
	go shared.RunWithContext(context.Background())
	for !shared.HasSynced() || len(shared.GetStore().ListKeys()) < o.Count {
		time.Sleep(10 * time.Millisecond)
	}
	cpu, wall := started.CPU(), started.Wall()
	after := meter.SettledMB()
	count := len(shared.GetStore().ListKeys())
	figures := meter.Synced(count, cpu, wall, before, after)
	switch o.What {
	case "storm":
		add(figures, storm(o, &seen))
	case "get":
		add(figures, get(o, shared))
	case "list":
		add(figures, list(o, shared))
	}
	figures.Print()
}
