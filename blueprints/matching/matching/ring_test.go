package main

import (
	"fmt"
	"net"
	"testing"
	"time"
)

func TestAMemberThatGoesMovesItsOwnKeysAlone(t *testing.T) {
	members := []string{"a", "b", "c", "d", "e"}
	before, after := newRing(members), newRing(members[:4])
	share := map[string]int{}
	for n := 0; n < 10000; n++ {
		key := fmt.Sprint(n)
		owner := before.owner(key)
		share[owner]++
		if owner != "e" && after.owner(key) != owner {
			t.Fatalf("%s moved from %s to %s", key, owner, after.owner(key))
		}
	}
	for _, member := range members {
		if share[member] < 1200 || share[member] > 2800 {
			t.Errorf("%s owns %d of 10000", member, share[member])
		}
	}
	if newRing(nil).owner("x") != "" {
		t.Error("nobody owns something")
	}
}

// pod is a member whose socket answers nothing: what it hears is up to the test.
func pod(t *testing.T, own string) *Gossip {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return newGossip(own, socket, func() []string { return nil })
}

func TestTheWorseNewsOfTheSameIncarnationIsBelieved(t *testing.T) {
	g := pod(t, "me:1")
	say := func(incarnation int64, status Status) Status {
		g.hear(message{News: []News{{"other:1", incarnation, status}}}, "127.0.0.1:9")
		if one, known := g.members["other:1"]; known {
			return one.Status
		}
		return -1
	}
	if say(1, dead) != -1 {
		t.Error("a stranger's death is news")
	}
	for _, step := range []struct {
		incarnation int64
		said, is    Status
	}{
		{1, alive, alive}, {1, suspect, suspect}, {1, alive, suspect}, {2, alive, alive},
		{1, dead, alive}, {2, dead, dead}, {3, alive, alive},
	} {
		if got := say(step.incarnation, step.said); got != step.is {
			t.Errorf("after %v it is %v", step, got)
		}
	}
}

func TestAMemberThatLivesRefutesThatItDoesNot(t *testing.T) {
	g := pod(t, "me:1")
	before := g.members["me:1"].Incarnation
	g.hear(message{News: []News{{"me:1", before, suspect}}}, "127.0.0.1:9")
	if own := g.members["me:1"]; own.Incarnation != before+1 || own.Status != alive {
		t.Errorf("got %+v", own)
	}
}

func TestTheSuspectedAreBuriedAndOwnNothing(t *testing.T) {
	g := pod(t, "me:1")
	g.hear(message{News: []News{{"other:1", 1, alive}}}, "127.0.0.1:9")
	if len(g.all()) != 2 {
		t.Fatal("it is not a member")
	}
	g.doubt("other:1")
	g.members["other:1"].since = time.Now().Add(-2 * suspectFor)
	g.bury()
	for n := 0; n < 100; n++ {
		if g.owner(fmt.Sprint(n)) != "me:1" {
			t.Fatal("the dead own something")
		}
	}
	g.members["other:1"].since = time.Now().Add(-2 * rememberFor)
	g.bury()
	if len(g.members) != 1 {
		t.Error("the dead are remembered for ever")
	}
}

func TestOfManyMembersWhatWasToldTheLeastIsToldNext(t *testing.T) {
	g := pod(t, "me:1")
	for n := 0; n < 100; n++ {
		g.hear(message{News: []News{{fmt.Sprintf("other:%d", n), 1, alive}}}, "127.0.0.1:9")
	}
	told := map[string]bool{}
	for n := 0; n < 5; n++ {
		for _, news := range g.news() {
			told[news.Address] = true
		}
	}
	if len(told) != 101 {
		t.Errorf("%d of 101 are told of", len(told))
	}
}
