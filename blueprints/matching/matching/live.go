package main

import (
	"encoding/json"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
)

const loadSeconds = 120 // that a second's load is kept

// Live is what changes while it runs: which cells are split, what it has been told to do, and how much is
// asked of each cell.
type Live struct {
	index    *Index
	mutex    sync.Mutex
	known    Splits
	controls map[string]Control
	load     map[string]int
	second   int64
	passed   map[string]float64 // requests of this second, by the shaped cell
	asked    Asked
}

// Asked is the rides of this second and the last one, by partition.
type Asked struct {
	second    int64
	now, last map[Cell]float64
}

// Control is one order of those who watch the load, until a moment.
type Control struct {
	Value interface{} `json:"value"`
	Until float64     `json:"until"`
}

func newLive(index *Index) *Live {
	return &Live{index: index, known: Splits{}, load: map[string]int{}, passed: map[string]float64{}}
}

func (l *Live) splits() Splits {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.known
}

// order is the value of a control that is in force.
func (l *Live) order(name string) (interface{}, bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	control, given := l.controls[name]
	if !given || control.Until < float64(time.Now().Unix()) {
		return nil, false
	}
	return control.Value, true
}

func (l *Live) degraded() bool {
	value, given := l.order("degrade")
	return given && value != false
}

// open tells whether a server must not be called.
func (l *Live) open(server string) bool {
	value, given := l.order("breaker:" + server)
	return given && value != false && value != "closed"
}

// sheds tells whether requests of a priority, 0 the highest, are turned away.
func (l *Live) sheds(priority float64) bool {
	value, _ := l.order("shed_above")
	above, given := value.(float64)
	return given && priority > above
}

// passes tells whether another request of this second is let through to a leaf's partition.
func (l *Live) passes(at Cell) bool {
	partition := l.splits().partition(at)
	second := time.Now().Unix()
	for level := baseLevel; level <= partition.level()+1; level++ {
		token := at.parent(level).token()
		value, _ := l.order("shape:" + token)
		most, given := value.(float64)
		if !given {
			continue
		}
		l.mutex.Lock()
		if l.second != second {
			l.second, l.passed = second, map[string]float64{}
		}
		l.passed[token]++
		over := l.passed[token] > most
		l.mutex.Unlock()
		if over {
			return false
		}
	}
	return true
}

// count adds a request to the load of a leaf's partition, and to that of the child it would be in.
func (l *Live) count(at Cell) {
	partition := l.splits().partition(at)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.load[partition.token()]++
	l.load[at.parent(partition.level()+1).token()]++
}

// demand adds a ride to those of a leaf's partition, and is how many there were in the last second. Each partition
// has one owner that looks for its drivers, so the owner's own count is the whole; the load in Redis is no demand,
// since what drivers report is in it too.
func (l *Live) demand(at Cell) float64 {
	return l.demandAt(at, time.Now())
}

func (l *Live) demandAt(at Cell, now time.Time) float64 {
	partition := l.splits().partition(at)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if second := now.Unix(); second != l.asked.second {
		last := l.asked.now
		if second != l.asked.second+1 {
			last = nil
		}
		l.asked = Asked{second, map[Cell]float64{}, last}
	}
	l.asked.now[partition]++
	left := 1 - float64(now.Nanosecond())/1e9 // of the last second, as much as is not a second ago
	return l.asked.now[partition] + left*l.asked.last[partition]
}

func (l *Live) run() {
	for range time.Tick(time.Second) {
		if err := l.flush(); err != nil {
			log.Printf("load is not told: %v", err)
		}
		if err := l.refresh(); err != nil {
			log.Printf("splits and controls stay as they were: %v", err)
		}
	}
}

func (l *Live) refresh() error {
	answers, err := l.index.ask(Command{"SMEMBERS", "splits"}, Command{"HGETALL", "controls"})
	if err != nil {
		return err
	}
	tokens, err := redis.Strings(answers[0], nil)
	if err != nil {
		return err
	}
	orders, err := redis.StringMap(answers[1], nil)
	if err != nil {
		return err
	}
	known, controls := Splits{}, map[string]Control{}
	for _, token := range tokens {
		if cell, err := cellOf(token); err == nil {
			known[cell] = true
		}
	}
	for name, text := range orders {
		var control Control
		if json.Unmarshal([]byte(text), &control) == nil {
			controls[name] = control
		}
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.known, l.controls = known, controls
	return nil
}

func (l *Live) flush() error {
	l.mutex.Lock()
	load := l.load
	l.load = map[string]int{}
	l.mutex.Unlock()
	if len(load) == 0 {
		return nil
	}
	key := fmt.Sprintf("load:%d", time.Now().Unix())
	commands := make([]Command, 0, len(load)+1)
	for token, requests := range load {
		commands = append(commands, Command{"HINCRBY", key, token, requests})
	}
	_, err := l.index.ask(append(commands, Command{"EXPIRE", key, loadSeconds})...)
	return err
}
