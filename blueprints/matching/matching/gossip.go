package main

import (
	"encoding/json"
	"log"
	"net"
	"sync"
	"time"
)

// Who else is there, as SWIM finds it out: each period a member pings another, by way of others where it gets
// no answer, and what changed rides on the messages.
// https://www.cs.cornell.edu/projects/Quicksilver/public_pdfs/SWIM.pdf

const (
	period       = 200 * time.Millisecond
	patience     = 80 * time.Millisecond // for an answer, before others are asked to ping
	suspectFor   = time.Second           // that a member has to say that it lives
	rememberFor  = time.Minute           // that the dead are told of
	lookUpEvery  = 5 * time.Second
	helpers      = 3
	newsCarried  = 20
	mostDatagram = 64 << 10
)

type message struct {
	Kind   string `json:"kind"` // ping, ack, help
	Number uint64 `json:"number"`
	Target string `json:"target,omitempty"` // whom to ping for the sender
	News   []News `json:"news"`
}

// Gossip is one member's view of all.
type Gossip struct {
	own     string
	socket  net.PacketConn
	lookUp  func() []string
	mutex   sync.Mutex
	members map[string]*member
	ring    *Ring
	waiting map[uint64]chan struct{}
	number  uint64
	turn    []string
}

// newGossip joins those that lookUp names. `own` is the address that others reach this member at.
func newGossip(own string, socket net.PacketConn, lookUp func() []string) *Gossip {
	g := &Gossip{own: own, socket: socket, lookUp: lookUp}
	g.members, g.waiting = map[string]*member{}, map[uint64]chan struct{}{}
	// A later start is a higher incarnation: what was said of the last one is over.
	g.members[own] = &member{News: News{own, time.Now().UnixNano(), alive}, since: time.Now()}
	g.ring = newRing([]string{own})
	return g
}

func (g *Gossip) run() {
	go g.listen()
	joined := time.Time{}
	for range time.Tick(period) {
		if time.Since(joined) > lookUpEvery || joined.IsZero() || g.alone() {
			joined = time.Now()
			go g.greet()
		}
		g.bury()
		if target := g.next(); target != "" {
			go g.probe(target)
		}
	}
}

// owner is who a key belongs to.
func (g *Gossip) owner(key string) string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.ring.owner(key)
}

// doubt starts the clock of a member that did not answer.
func (g *Gossip) doubt(address string) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if one, known := g.members[address]; known && one.Status == alive {
		g.believe(News{address, one.Incarnation, suspect})
	}
}

// leave tells some others that this member goes, so that nobody has to find out.
func (g *Gossip) leave() {
	g.mutex.Lock()
	own := g.members[g.own]
	own.Status, own.told = dead, 0
	others := g.others(func(one *member) bool { return one.Status == alive })
	g.mutex.Unlock()
	for _, other := range others[:min(helpers*2, len(others))] {
		g.send(other, message{Kind: "ack"})
	}
}

// all is every member that is not known to be dead.
func (g *Gossip) all() []string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return append(g.others(func(one *member) bool { return one.Status != dead }), g.own)
}

func (g *Gossip) alone() bool { return len(g.all()) == 1 }

// greet pings whoever the name of the peers leads to and is no member yet, or no more.
func (g *Gossip) greet() {
	for _, address := range g.lookUp() {
		g.mutex.Lock()
		one, known := g.members[address]
		g.mutex.Unlock()
		if address != g.own && (!known || one.Status == dead) {
			g.send(address, message{Kind: "ping"})
		}
	}
}

func (g *Gossip) probe(target string) {
	number, answered := g.expect()
	defer g.forget(number)
	g.send(target, message{Kind: "ping", Number: number})
	if heard(answered, patience) {
		return
	}
	g.mutex.Lock()
	others := g.others(func(one *member) bool { return one.Status == alive && one.Address != target })
	g.mutex.Unlock()
	for _, other := range others[:min(helpers, len(others))] {
		g.send(other, message{Kind: "help", Number: number, Target: target})
	}
	if !heard(answered, period-patience) {
		g.doubt(target)
	}
}

func (g *Gossip) listen() {
	buffer := make([]byte, mostDatagram)
	for {
		length, from, err := g.socket.ReadFrom(buffer)
		if err != nil {
			log.Printf("gossip ends: %v", err)
			return
		}
		var got message
		if json.Unmarshal(buffer[:length], &got) == nil {
			g.hear(got, from.String())
		}
	}
}

func (g *Gossip) hear(got message, from string) {
	g.mutex.Lock()
	for _, news := range got.News {
		g.believe(news)
	}
	answered := g.waiting[got.Number]
	g.mutex.Unlock()
	switch got.Kind {
	case "ping":
		g.send(from, message{Kind: "ack", Number: got.Number})
	case "help":
		go func() {
			number, reached := g.expect()
			defer g.forget(number)
			g.send(got.Target, message{Kind: "ping", Number: number})
			if heard(reached, period) {
				g.send(from, message{Kind: "ack", Number: got.Number})
			}
		}()
	case "ack":
		if answered != nil {
			select {
			case answered <- struct{}{}:
			default:
			}
		}
	}
}

func (g *Gossip) send(to string, said message) {
	said.News = g.news()
	datagram, _ := json.Marshal(said)
	if address, err := net.ResolveUDPAddr("udp", to); err == nil {
		g.socket.WriteTo(datagram, address)
	}
}

func (g *Gossip) expect() (uint64, chan struct{}) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.number++
	answered := make(chan struct{}, 1)
	g.waiting[g.number] = answered
	return g.number, answered
}

func (g *Gossip) forget(number uint64) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	delete(g.waiting, number)
}

func heard(answered chan struct{}, within time.Duration) bool {
	select {
	case <-answered:
		return true
	case <-time.After(within):
		return false
	}
}
