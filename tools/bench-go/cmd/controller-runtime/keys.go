package main

import (
	"context"
	"fmt"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
)

// given is a source of keys that are there from the beginning.
type given struct{ keys []ctrl.Request }

// Start queues the keys.
func (g *given) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
	for _, key := range g.keys {
		queue.Add(key)
	}
	return nil
}

func space(n int) string { return fmt.Sprintf("team-%d", n%50) }

func name(n int) string { return fmt.Sprintf("web-%06d", n) }
