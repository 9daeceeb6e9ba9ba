package main

import (
	"context"

	"homeostat.dev/tools/bench-go/internal/meter"
	"homeostat.dev/tools/bench-go/internal/widget"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// react runs a controller that makes a ConfigMap for each Widget, until it is ended.
func react(o meter.Options) {
	meter.Must(corev1.AddToScheme(widget.Scheme))
	made := newManager(o)
	api := made.GetClient()
	meter.Must(ctrl.NewControllerManagedBy(made).
		For(&widget.Widget{}).
		Owns(&corev1.ConfigMap{}).
		Complete(reconcile.Func(func(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
			var owner widget.Widget
			if err := api.Get(ctx, request.NamespacedName, &owner); err != nil {
				return ctrl.Result{}, client.IgnoreNotFound(err)
			}
			child := &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: owner.Name, Namespace: owner.Namespace},
			}
			_, err := controllerutil.CreateOrUpdate(ctx, api, child, func() error {
				child.Data = map[string]string{"node": owner.Spec.NodeName}
				return controllerutil.SetControllerReference(&owner, child, widget.Scheme)
			})
			return ctrl.Result{}, err
		})))
	meter.Must(made.Start(context.Background()))
}
