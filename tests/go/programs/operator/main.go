// The operator puts a Service before each Deployment that asks for one. It is as small
// as operators of controller-runtime are: a cache, an owned kind, a finalizer, events,
// and one leader among its processes.
package main

import (
	"context"
	"flag"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const finalizer = "operator.example.com/service"

type exposer struct {
	client.Client
	events events.EventRecorder
	id     string
}

func (e exposer) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var web appsv1.Deployment
	if err := e.Get(ctx, request.NamespacedName, &web); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := web.DeepCopy()
	if !web.DeletionTimestamp.IsZero() {
		if !controllerutil.RemoveFinalizer(&web, finalizer) {
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, client.IgnoreNotFound(e.Patch(ctx, &web, client.MergeFrom(before)))
	}
	if controllerutil.AddFinalizer(&web, finalizer) {
		return ctrl.Result{}, e.Patch(ctx, &web, client.StrategicMergeFrom(before))
	}
	service := &corev1.Service{}
	service.Namespace, service.Name = web.Namespace, web.Name
	done, err := controllerutil.CreateOrUpdate(ctx, e, service, func() error {
		service.Spec.Selector = web.Spec.Selector.MatchLabels
		service.Spec.Ports = []corev1.ServicePort{{Port: 80}}
		service.Labels = map[string]string{"made-by": e.id}
		return controllerutil.SetControllerReference(&web, service, e.Scheme())
	})
	if err == nil && done != controllerutil.OperationResultNone {
		e.events.Eventf(&web, service, corev1.EventTypeNormal, "Exposed", "Expose", "service %s", done)
	}
	return ctrl.Result{}, err
}

func main() {
	namespace := flag.String("namespace", "default", "where it works")
	id := flag.String("id", "", "who it says it is")
	flag.Parse() // --kubeconfig is controller-runtime's own
	ctrl.SetLogger(zap.New())
	if err := run(*namespace, *id); err != nil {
		ctrl.Log.Error(err, "ended")
		os.Exit(1)
	}
}

func run(namespace, id string) error {
	lease, renew, retry := 3*time.Second, 2*time.Second, 200*time.Millisecond
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Cache:            cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
		Metrics:          metricsserver.Options{BindAddress: "0"},
		LeaderElection:   true,
		LeaderElectionID: "operator.example.com", LeaderElectionNamespace: namespace,
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
	})
	if err != nil {
		return err
	}
	reconciler := exposer{manager.GetClient(), manager.GetEventRecorder("operator"), id}
	err = ctrl.NewControllerManagedBy(manager).For(&appsv1.Deployment{}).Owns(&corev1.Service{}).
		Complete(reconciler)
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
