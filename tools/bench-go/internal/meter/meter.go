// Package meter measures this process, and prints what the Python benchmarks print.
package meter

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Meter is CPU and wall-clock time since it was made.
type Meter struct {
	cpu  float64
	wall time.Time
}

// Start makes a Meter.
func Start() Meter { return Meter{cpu: used(), wall: time.Now()} }

// CPU returns seconds of user and system time.
func (m Meter) CPU() float64 { return used() - m.cpu }

// Wall returns seconds.
func (m Meter) Wall() float64 { return time.Since(m.wall).Seconds() }

func used() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// SettledMB returns the resident memory after a collection, in 10^6 bytes.
func SettledMB() float64 {
	debug.FreeOSMemory()
	return status("VmRSS:")
}

// PeakMB returns the most resident memory that there was.
func PeakMB() float64 { return status("VmHWM:") }

func status(name string) float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(line, name) {
			kib, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
			return kib * 1024 / 1e6
		}
	}
	return 0
}

// Figures is one line of JSON.
type Figures map[string]float64

// Synced returns the fields of every benchmark that fills a cache.
func Synced(objects int, cpu, wall, before, after float64) Figures {
	return Figures{
		"objects":           float64(objects),
		"wall_s":            wall,
		"cpu_s":             cpu,
		"objects_per_cpu_s": float64(objects) / cpu,
		"rss_before_mb":     before,
		"rss_after_mb":      after,
		"peak_mb":           PeakMB(),
		"bytes_per_object":  (after - before) * 1e6 / float64(objects),
	}
}

// Print prints the line.
func (f Figures) Print() {
	for name, value := range f {
		f[name] = math.Round(value*1000) / 1000
	}
	line, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

// Must ends the process with what went wrong.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
