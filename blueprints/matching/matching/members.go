package main

import (
	"math/rand"
	"sort"
	"time"
)

// Status of a member; of two of the same incarnation the worse is believed.
type Status int

const (
	alive Status = iota
	suspect
	dead
)

// News is what a member says of another, or of itself.
type News struct {
	Address     string `json:"address"`
	Incarnation int64  `json:"incarnation"`
	Status      Status `json:"status"`
}

type member struct {
	News
	since time.Time // of its status
	told  int       // how often it has been passed on
}

// believe takes news in, with the mutex held.
func (g *Gossip) believe(news News) {
	one, known := g.members[news.Address]
	if news.Address == g.own {
		if news.Status != alive && one.Status == alive && news.Incarnation >= one.Incarnation {
			one.Incarnation, one.told = news.Incarnation+1, 0
		}
		return
	}
	if known && news.Incarnation < one.Incarnation {
		return
	}
	if known && news.Incarnation == one.Incarnation && news.Status <= one.Status {
		return
	}
	if !known && news.Status == dead {
		return
	}
	before := known && one.Status != dead
	g.members[news.Address] = &member{News: news, since: time.Now()}
	if before != (news.Status != dead) {
		g.ring = newRing(append(g.others(func(one *member) bool { return one.Status != dead }), g.own))
	}
}

// bury declares dead who has been suspect for too long, and forgets who has been dead for long.
func (g *Gossip) bury() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for address, one := range g.members {
		if one.Status == suspect && time.Since(one.since) > suspectFor {
			g.believe(News{address, one.Incarnation, dead})
		}
		if one.Status == dead && address != g.own && time.Since(one.since) > rememberFor {
			delete(g.members, address)
		}
	}
}

// next is whom to ping: each once, in an order of chance, before anyone again.
func (g *Gossip) next() string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for tries := 0; tries < 2; tries++ {
		for len(g.turn) > 0 {
			address := g.turn[0]
			g.turn = g.turn[1:]
			if one, known := g.members[address]; known && one.Status != dead {
				return address
			}
		}
		g.turn = g.others(func(one *member) bool { return one.Status != dead })
	}
	return ""
}

// others is all other members of a kind, in an order of chance, with the mutex held.
func (g *Gossip) others(kind func(*member) bool) []string {
	var found []string
	for address, one := range g.members {
		if address != g.own && kind(one) {
			found = append(found, address)
		}
	}
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return found
}

// news is this member itself, and what has been told the least.
func (g *Gossip) news() []News {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	told := []News{g.members[g.own].News}
	rest := make([]*member, 0, len(g.members))
	for address, one := range g.members {
		if address != g.own {
			rest = append(rest, one)
		}
	}
	sort.Slice(rest, func(i, j int) bool { return rest[i].told < rest[j].told })
	for _, one := range rest[:min(newsCarried, len(rest))] {
		one.told++
		told = append(told, one.News)
	}
	return told
}
