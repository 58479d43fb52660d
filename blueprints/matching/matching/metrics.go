package main

import (
	"fmt"
	"io"
	"sort"
	"sync"
	"time"
)

// Prometheus' text format, as much of it as is needed: https://prometheus.io/docs/instrumenting/exposition_formats/

// The bounds that objectives are read at, 1 ms, 50 ms and 3 s, are among them.
var bounds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 5, 10}

// Histogram counts how long something took.
type Histogram struct {
	name, help string
	mutex      sync.Mutex
	buckets    []uint64
	count      uint64
	sum        float64
}

func newHistogram(name, help string) *Histogram {
	return &Histogram{name: name, help: help, buckets: make([]uint64, len(bounds))}
}

func (h *Histogram) since(start time.Time) {
	seconds := time.Since(start).Seconds()
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if bucket := sort.SearchFloat64s(bounds, seconds); bucket < len(bounds) {
		h.buckets[bucket]++
	}
	h.count++
	h.sum += seconds
}

func (h *Histogram) write(w io.Writer) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s histogram\n", h.name, h.help, h.name)
	var below uint64
	for bucket, bound := range bounds {
		below += h.buckets[bucket]
		fmt.Fprintf(w, "%s_bucket{le=\"%g\"} %d\n", h.name, bound, below)
	}
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n", h.name, h.count)
	fmt.Fprintf(w, "%s_sum %g\n%s_count %d\n", h.name, h.sum, h.name, h.count)
}

// Outcomes counts requests by how they ended.
type Outcomes struct {
	name, help string
	mutex      sync.Mutex
	counts     map[string]uint64
}

func (o *Outcomes) add(outcome string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.counts[outcome]++
}

func (o *Outcomes) write(w io.Writer) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n", o.name, o.help, o.name)
	for outcome, count := range o.counts {
		fmt.Fprintf(w, "%s{outcome=%q} %d\n", o.name, outcome, count)
	}
}

var (
	matchSeconds = newHistogram("match_seconds", "From a ride's request to its answer, by the pod that was asked.")
	redisSeconds = newHistogram("redis_seconds", "One round trip to the locations.")
	rides        = Outcomes{name: "rides_total", help: "Requests for a ride.", counts: map[string]uint64{}}
)

func writeMetrics(w io.Writer) {
	matchSeconds.write(w)
	redisSeconds.write(w)
	rides.write(w)
}
