package main

import (
	"testing"
	"time"
)

func TestDemandIsTheRidesOfTheLastSecondByPartition(t *testing.T) {
	live := newLive(nil)
	here, there := leaf(lat, lng), leaf(lat+1, lng)
	start := time.Unix(1000, 0)
	for _, ride := range []struct {
		at     Cell
		after  time.Duration
		demand float64
	}{
		{here, 0, 1},
		{here, 900 * time.Millisecond, 2},
		{there, 900 * time.Millisecond, 1},
		{here, 1250 * time.Millisecond, 1 + .75*2},
		{here, 2500 * time.Millisecond, 1 + .5*1},
		{here, 4 * time.Second, 1}, // a second without any lies between
	} {
		if demand := live.demandAt(ride.at, start.Add(ride.after)); demand != ride.demand {
			t.Errorf("after %s: got %g, wanted %g", ride.after, demand, ride.demand)
		}
	}
}
