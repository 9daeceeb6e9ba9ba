package main

import (
	"bytes"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"homeostat.dev/tools/bench-go/internal/meter"
)

const watchers = 20

// serial takes one request at a time, by the time that each takes.
func (l load) serial(k kind) {
	c := l.clients[0]
	at := k.in("applies") + "/" + name(0)
	same := k.object(name(0), 0)
	c.ask("PATCH", at+follow, asApply, same)
	l.figures["serial_get_ms"] = l.each(func() { c.ask("GET", at, "", nil) })
	l.figures["serial_apply_ms"] = l.each(func() {
		c.ask("PATCH", at+follow, asApply, same)
	})
}

func (l load) each(one func()) float64 {
	var took []float64
	for started := time.Now(); time.Since(started) < l.time; {
		began := time.Now()
		one()
		took = append(took, milliseconds(time.Since(began)))
	}
	return quantile(took, 0.5)
}

// latency is the time from a create's departure to the arrival of its event, while all
// clients create.
func (l load) latency(k kind) {
	path := k.in("watched")
	count := max(l.objects/4, len(l.clients))
	started := time.Now()
	sent := make([]atomic.Int64, count) // since then
	took := make([]float64, 0, count)
	var arrived atomic.Int64
	mark := []byte(`"name":"it-`)
	l.server.watch(path, l.clients[0].version(path), func(line []byte) bool {
		_, after, _ := bytes.Cut(line, mark)
		digits, _, _ := bytes.Cut(after, []byte(`"`))
		n, err := strconv.Atoi(string(digits))
		meter.Must(err)
		late := time.Since(started) - time.Duration(sent[n].Load())
		took = append(took, milliseconds(late))
		return int(arrived.Add(1)) < count
	})
	l.all(count, func(c *conn, n int) {
		body := k.object(name(n), n)
		sent[n].Store(int64(time.Since(started)))
		c.ask("POST", path, asJSON, body)
	})
	patient("events", func() bool { return int(arrived.Load()) == count })
	l.figures["event_p50_ms"] = quantile(took, 0.5)
	l.figures["event_p99_ms"] = quantile(took, 0.99)
}

// fanOut is how many events reach all watchers in a second, while all clients patch.
func (l load) fanOut(k kind) {
	path := k.in("fan-out")
	for n := range l.clients {
		l.clients[0].ask("POST", path, asJSON, k.object(name(n), n))
	}
	version := l.clients[0].version(path)
	var arrived, patched atomic.Int64
	for range watchers {
		l.server.watch(path, version, func([]byte) bool {
			arrived.Add(1)
			return true
		})
	}
	started := time.Now()
	l.all(0, func(c *conn, n int) {
		c.ask("PATCH", path+"/"+name(n%len(l.clients)), asMerge, k.merge(n+len(l.clients)))
		patched.Add(1)
	})
	all := watchers * patched.Load()
	patient("events of all watchers", func() bool { return arrived.Load() >= all })
	l.figures["fan_out_per_s"] = float64(all) / time.Since(started).Seconds()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}
