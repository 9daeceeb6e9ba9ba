// An ordinary envtest suite: nothing in it knows which server it runs on.
package envtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const namespace = "envtest"

var (
	environment *envtest.Environment
	config      *rest.Config
	api         client.Client
	greetings   = schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Greeting"}
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	environment = &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("testdata")},
		ErrorIfCRDPathMissing: true,
	}
	began := time.Now()
	var err error
	if config, err = environment.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		return 1
	}
	fmt.Printf("started in %.2f s\n", time.Since(began).Seconds())
	code := 1
	if api, err = client.New(config, client.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
	} else if err = api.Create(context.Background(), named(&corev1.Namespace{}, "", namespace)); err != nil {
		fmt.Fprintln(os.Stderr, "namespace:", err)
	} else {
		code = m.Run()
	}
	began = time.Now()
	if err := environment.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop:", err)
		return 1
	}
	fmt.Printf("stopped in %.2f s\n", time.Since(began).Seconds())
	return code
}

func named[T client.Object](object T, namespace, name string) T {
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

func greeting(name string, spec map[string]any) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	made.SetGroupVersionKind(greetings)
	return named(made, namespace, name)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A typed object goes to the server as protobuf or JSON, as the client likes.
func TestTypedObjectIsStoredAndPatched(t *testing.T) {
	ctx := t.Context()
	made := named(&corev1.ConfigMap{Data: map[string]string{"a": "1"}}, namespace, "typed")
	must(t, api.Create(ctx, made))
	if made.UID == "" || made.ResourceVersion == "" {
		t.Fatalf("no identity: %+v", made.ObjectMeta)
	}
	before := made.DeepCopy()
	made.Data["b"] = "2"
	must(t, api.Patch(ctx, made, client.StrategicMergeFrom(before)))
	before.Data["a"] = "lost"
	if err := api.Update(ctx, before); !apierrors.IsConflict(err) {
		t.Fatalf("an update of the past: %v", err)
	}
	var found corev1.ConfigMap
	must(t, api.Get(ctx, client.ObjectKeyFromObject(made), &found))
	if found.Data["a"] != "1" || found.Data["b"] != "2" {
		t.Fatalf("data: %v", found.Data)
	}
	must(t, api.Delete(ctx, made))
	if err := api.Get(ctx, client.ObjectKeyFromObject(made), &found); !apierrors.IsNotFound(err) {
		t.Fatalf("after the delete: %v", err)
	}
}

func TestCustomResourceIsCheckedAndDefaulted(t *testing.T) {
	ctx := t.Context()
	if err := api.Create(ctx, greeting("wrong", map[string]any{"times": int64(0)})); !apierrors.IsInvalid(err) {
		t.Fatalf("an invalid object: %v", err)
	}
	made := greeting("right", map[string]any{"name": "World"})
	must(t, api.Create(ctx, made))
	if times, _, _ := unstructured.NestedInt64(made.Object, "spec", "times"); times != 1 {
		t.Fatalf("default: %v", made.Object)
	}
	must(t, unstructured.SetNestedField(made.Object, true, "status", "greeted"))
	must(t, api.Status().Update(ctx, made))
	if made.GetGeneration() != 1 {
		t.Fatalf("a status is no new generation: %d", made.GetGeneration())
	}
}

func TestUsersAreWhoTheirCertificatesSay(t *testing.T) {
	if environment.UseExistingCluster != nil || os.Getenv("USE_EXISTING_CLUSTER") == "true" {
		t.Skip("the authority of an existing cluster is its own")
	}
	user, err := environment.AddUser(envtest.User{Name: "jane", Groups: []string{"system:masters"}}, nil)
	must(t, err)
	hers, err := client.New(user.Config(), client.Options{})
	must(t, err)
	var review authenticationv1.SelfSubjectReview
	must(t, hers.Create(t.Context(), &review))
	if got := review.Status.UserInfo; got.Username != "jane" || len(got.Groups) != 2 {
		t.Fatalf("who: %+v", got)
	}
	if path, err := user.KubeConfig(); err != nil || len(path) == 0 {
		t.Fatalf("kubeconfig: %v", err)
	}
}

type greeter struct{ client.Client }

func (g greeter) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	found := greeting("", nil)
	if err := g.Get(ctx, request.NamespacedName, found); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	text, _, _ := unstructured.NestedString(found.Object, "spec", "name")
	config := named(&corev1.ConfigMap{}, request.Namespace, request.Name)
	_, err := controllerutil.CreateOrUpdate(ctx, g, config, func() error {
		config.Data = map[string]string{"text": "Hello, " + text + "!"}
		return controllerutil.SetControllerReference(found, config, g.Scheme())
	})
	return ctrl.Result{}, err
}

func TestControllerReconciles(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics:          metricsserver.Options{BindAddress: "0"},
		LeaderElection:   true,
		LeaderElectionID: "greeter", LeaderElectionNamespace: namespace,
		LeaderElectionReleaseOnCancel: true,
	})
	must(t, err)
	must(t, ctrl.NewControllerManagedBy(manager).For(greeting("", nil)).Owns(&corev1.ConfigMap{}).
		Complete(greeter{manager.GetClient()}))
	ended := make(chan error)
	go func() { ended <- manager.Start(ctx) }()
	must(t, api.Create(ctx, greeting("hello", map[string]any{"name": "Go"})))
	key := client.ObjectKey{Namespace: namespace, Name: "hello"}
	said := func(ctx context.Context) (bool, error) {
		var found corev1.ConfigMap
		err := api.Get(ctx, key, &found)
		return found.Data["text"] == "Hello, Go!", client.IgnoreNotFound(err)
	}
	wait10 := func() error {
		return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 10*time.Second, true, said)
	}
	must(t, wait10())
	// What somebody else breaks comes back: the watch of what is owned works.
	must(t, api.Delete(ctx, named(&corev1.ConfigMap{}, namespace, "hello")))
	must(t, wait10())
	cancel()
	must(t, <-ended)
}

// As under envtest everywhere: an API server, and nobody who makes pods.
func TestNobodyElseIsAtWork(t *testing.T) {
	if os.Getenv("USE_EXISTING_CLUSTER") == "true" {
		t.Skip("an existing cluster has controllers")
	}
	labels := map[string]string{"app": "web"}
	made := named(&appsv1.Deployment{}, namespace, "web")
	made.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	made.Spec.Template.Labels = labels
	made.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: "web"}}
	must(t, api.Create(t.Context(), made))
	if made.Spec.Replicas == nil || *made.Spec.Replicas != 1 {
		t.Fatalf("default: %v", made.Spec.Replicas)
	}
	var pods corev1.PodList
	must(t, api.List(t.Context(), &pods, client.InNamespace(namespace)))
	if len(pods.Items) != 0 {
		t.Fatalf("pods: %v", pods.Items)
	}
}
