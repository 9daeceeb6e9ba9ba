// Command controller-runtime measures a manager with one controller that does nothing.
package main

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"homeostat.dev/tools/bench-go/internal/meter"
	"homeostat.dev/tools/bench-go/internal/widget"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func newManager(o meter.Options) manager.Manager {
	config := o.Config()
	config.QPS = -1
	made, err := ctrl.NewManager(config, manager.Options{
		Scheme:  widget.Scheme,
		Metrics: metrics.Options{BindAddress: "0"},
	})
	meter.Must(err)
	return made
}

func main() {
	o := meter.Parse()
	// Once: whoever comes second is not heard.
	if o.Logs {
		log.SetLogger(zap.New(zap.WriteTo(io.Discard)))
	} else {
		log.SetLogger(logr.Discard())
	}
	switch o.What {
	case "queue":
		alone(o)
	case "react":
		react(o)
	default:
		full(o)
	}
}

// full fills the cache and, but for "sync", reconciles every object to no effect.
func full(o meter.Options) {
	made := newManager(o)
	var done atomic.Int64
	if o.What == "sync" {
		var object client.Object = &widget.Widget{}
		if o.Pods() {
			meter.Must(corev1.AddToScheme(widget.Scheme))
			object = &corev1.Pod{}
		}
		_, err := made.GetCache().GetInformer(context.Background(), object)
		meter.Must(err)
	} else {
		meter.Must(ctrl.NewControllerManagedBy(made).For(&widget.Widget{}).Complete(
			reconcile.Func(func(context.Context, ctrl.Request) (ctrl.Result, error) {
				done.Add(1)
				return ctrl.Result{}, nil
			})))
	}
	before := meter.SettledMB()
	started := meter.Start()
	go func() { meter.Must(made.Start(context.Background())) }()
	if o.What == "sync" {
		made.GetCache().WaitForCacheSync(context.Background())
	} else {
		for done.Load() < int64(o.Count) {
			time.Sleep(5 * time.Millisecond)
		}
	}
	cpu, wall := started.CPU(), started.Wall()
	figures := meter.Synced(o.Count, cpu, wall, before, meter.SettledMB())
	figures["reconciles_per_cpu_s"] = float64(done.Load()) / cpu
	figures.Print()
}

// alone runs a controller and its default queue without objects.
func alone(o meter.Options) {
	o.Server = "http://127.0.0.1:1" // never asked
	var done atomic.Int64
	made, err := controller.NewTypedUnmanaged("nothing", controller.TypedOptions[ctrl.Request]{
		Reconciler: reconcile.Func(func(context.Context, ctrl.Request) (ctrl.Result, error) {
			done.Add(1)
			return ctrl.Result{}, nil
		}),
		Logger: log.Log,
	})
	meter.Must(err)
	keys := make([]ctrl.Request, o.Count)
	for n := range keys {
		keys[n].NamespacedName = client.ObjectKey{Namespace: space(n), Name: name(n)}
	}
	source := &given{keys: keys}
	meter.Must(made.Watch(source))
	started := meter.Start()
	go func() { meter.Must(made.Start(context.Background())) }()
	for done.Load() < int64(o.Count) {
		time.Sleep(time.Millisecond)
	}
	cpu := started.CPU()
	meter.Figures{
		"reconciles":           float64(o.Count),
		"wall_s":               started.Wall(),
		"cpu_s":                cpu,
		"reconciles_per_cpu_s": float64(o.Count) / cpu,
	}.Print()
}
