package main

import (
	"log"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	silentFor = 5 * time.Minute
	mostSwept = 500 // at once
)

// The way of those who move drivers (blueprints/hot_cells/redistribute.py): only the very entry that was read is
// taken out, so that a driver who reports again just then stays.
const take = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`

// tidy takes those out of their cells, by and by, who have been silent for long: each search would read them.
func (x *Index) tidy(found []Driver) {
	var silent []Driver
	latest := milliseconds(time.Now().Add(-silentFor))
	for _, driver := range found {
		if driver.At < latest && len(silent) < mostSwept {
			silent = append(silent, driver)
		}
	}
	if len(silent) == 0 || !x.sweeping.CompareAndSwap(false, true) {
		return
	}
	go func() { // no rider waits for it
		defer x.sweeping.Store(false)
		if err := x.sweep(silent, latest); err != nil {
			log.Printf("silent drivers stay: %v", err)
		}
	}()
}

// sweep takes the entries out of those drivers whose own records are as old.
func (x *Index) sweep(silent []Driver, latest int64) error {
	asked := make([]Command, len(silent))
	for i, driver := range silent {
		asked[i] = Command{"HGET", driverKey(driver.ID), "ts"}
	}
	answers, err := x.ask(asked...)
	if err != nil {
		return err
	}
	var takes []Command
	for i, driver := range silent {
		if at, err := redis.Float64(answers[i], nil); err == redis.ErrNil || err == nil && int64(at) < latest {
			takes = append(takes, Command{"EVAL", take, 1, cellKey(driver.Cell), driver.ID, driver.text})
		}
	}
	if len(takes) == 0 {
		return nil
	}
	_, err = x.ask(takes...)
	return err
}
