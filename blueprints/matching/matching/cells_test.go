package main

import (
	"math/rand"
	"testing"
	"time"
)

const lat, lng = 37.7749, -122.4194

func TestCellsAreThoseOfS2(t *testing.T) {
	at := leaf(lat, lng)
	for level, token := range map[int]string{12: "8085809", 13: "8085809c", 18: "8085809e8f", 30: "8085809e8e8d8c61"} {
		cell, err := cellOf(token)
		if err != nil || at.parent(level) != cell || cell.token() != token || cell.level() != level {
			t.Errorf("level %d: got %s, wanted %s", level, at.parent(level).token(), token)
		}
	}
	for _, child := range at.parent(12).children() {
		if child.parent(12) != at.parent(12) || child.level() != 13 {
			t.Errorf("%s is no child", child.token())
		}
	}
	for _, wrong := range []string{"", "xyz", "12345678901234567"} {
		if _, err := cellOf(wrong); err == nil {
			t.Errorf("%q is a token", wrong)
		}
	}
}

func TestEveryPointWithinReachIsInACellThatIsRead(t *testing.T) {
	splits := Splits{}
	at := leaf(lat, lng)
	for level := 12; level < 16; level++ {
		splits[at.parent(level)] = true
	}
	read := map[Cell]float64{}
	last := 0.0
	for _, near := range splits.around(lat, lng, radiusMetres) {
		if near.metres < last {
			t.Error("a nearer cell comes later")
		}
		read[near.cell], last = near.metres, near.metres
	}
	for n := 0; n < 10000; n++ {
		there := [2]float64{lat + (rand.Float64()-.5)*.04, lng + (rand.Float64()-.5)*.05}
		away := metres(lat, lng, there[0], there[1])
		begins, known := read[splits.partition(leaf(there[0], there[1]))]
		if away <= radiusMetres && (!known || begins > away+.01) {
			t.Fatalf("%v is %g m away, and its cell begins at %g m (%v)", there, away, begins, known)
		}
	}
}

func TestTheBestHasTheLeastOfArrivalAndMissingStars(t *testing.T) {
	now := milliseconds(time.Now())
	driver := func(id string, north, rating float64) Driver {
		return Driver{ID: id, Lat: lat + north/111195, Lng: lng, At: now, Status: "available", Rating: rating}
	}
	found := []Driver{driver("b", 400, 5), driver("a", 100, 3), driver("c", 110, 4.9), driver("far", 2100, 5)}
	order := func(byDistance bool) (ids string) {
		for _, one := range ranked(free(found, lat, lng, byDistance)) {
			ids += one.ID
		}
		return ids
	}
	if got := order(false); got != "cba" {
		t.Errorf("got %s", got)
	}
	if got := order(true); got != "acb" {
		t.Errorf("by distance alone: got %s", got)
	}
}
