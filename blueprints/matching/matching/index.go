package main

import (
	"encoding/json"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	freshFor     = 30 * time.Second
	claimSeconds = 15
)

// Index is where the drivers are: written by the location service, read and claimed from here.
type Index struct {
	pool     *redis.Pool
	sweeping atomic.Bool
}

// Driver is one entry of a cell.
type Driver struct {
	ID     string  `json:"-"`
	Cell   Cell    `json:"-"`
	Lat    float64 `json:"lat"`
	Lng    float64 `json:"lng"`
	At     int64   `json:"ts"` // ms
	Status string  `json:"status"`
	Rating float64 `json:"rating"`
	text   []byte  // the entry as it is kept
}

func newIndex(address string) *Index {
	return &Index{pool: &redis.Pool{
		MaxIdle: 64, MaxActive: 256, Wait: true, IdleTimeout: time.Minute,
		Dial: func() (redis.Conn, error) {
			return redis.Dial("tcp", address, redis.DialConnectTimeout(time.Second),
				redis.DialReadTimeout(time.Second), redis.DialWriteTimeout(time.Second))
		},
	}}
}

// Command is one command to Redis and its arguments.
type Command []interface{}

// ask sends all commands at once and returns their answers in order.
func (x *Index) ask(commands ...Command) ([]interface{}, error) {
	connection := x.pool.Get()
	defer connection.Close()
	defer redisSeconds.since(time.Now())
	for _, command := range commands {
		if err := connection.Send(command[0].(string), command[1:]...); err != nil {
			return nil, err
		}
	}
	if err := connection.Flush(); err != nil {
		return nil, err
	}
	answers := make([]interface{}, len(commands))
	for i := range commands {
		answer, err := connection.Receive()
		if err != nil {
			return nil, err
		}
		answers[i] = answer
	}
	return answers, nil
}

// drivers is everyone under some cells.
func (x *Index) drivers(cells []Near) ([]Driver, error) {
	commands := make([]Command, len(cells))
	for i, near := range cells {
		commands[i] = Command{"HGETALL", cellKey(near.cell)}
	}
	answers, err := x.ask(commands...)
	if err != nil {
		return nil, err
	}
	var found []Driver
	for i, answer := range answers {
		entries, err := redis.ByteSlices(answer, nil)
		if err != nil {
			return nil, err
		}
		for j := 0; j+1 < len(entries); j += 2 {
			driver := Driver{ID: string(entries[j]), Cell: cells[i].cell, text: entries[j+1]}
			if json.Unmarshal(entries[j+1], &driver) == nil {
				found = append(found, driver)
			}
		}
	}
	return found, nil
}

// warm is those who were got ready for a partition (blueprints/hot_cells/warm.py), as their own records have them
// now: a list is up to a minute old.
func (x *Index) warm(cell Cell) ([]Driver, error) {
	answers, err := x.ask(Command{"GET", "warm:{" + cell.token() + "}"})
	if err != nil || answers[0] == nil {
		return nil, err
	}
	var ready []struct {
		Driver string `json:"driver"`
	}
	if text, err := redis.Bytes(answers[0], nil); err != nil || json.Unmarshal(text, &ready) != nil {
		return nil, nil // nobody is ready; the cells have them all
	}
	commands := make([]Command, len(ready))
	for i, one := range ready {
		commands[i] = Command{"HMGET", driverKey(one.Driver), "cell", "lat", "lng", "ts", "status", "rating"}
	}
	if answers, err = x.ask(commands...); err != nil {
		return nil, err
	}
	var found []Driver
	for i, answer := range answers {
		if driver, known := recorded(ready[i].Driver, answer); known {
			found = append(found, driver)
		}
	}
	return found, nil
}

// recorded is a driver by its record: cell, lat, lng, ts, status, rating. False where there is none.
func recorded(id string, answer interface{}) (Driver, bool) {
	said, err := redis.Strings(answer, nil)
	if err != nil || len(said) != 6 {
		return Driver{}, false
	}
	cell, err := cellOf(said[0])
	if err != nil {
		return Driver{}, false
	}
	var numbers [4]float64
	for i, text := range []string{said[1], said[2], said[3], said[5]} {
		if numbers[i], err = strconv.ParseFloat(text, 64); err != nil {
			return Driver{}, false
		}
	}
	return Driver{ID: id, Cell: cell, Lat: numbers[0], Lng: numbers[1], At: int64(numbers[2]), Status: said[4],
		Rating: numbers[3]}, true
}

// still is those drivers of whom their own record says that they are where they were found, and free.
func (x *Index) still(drivers []Candidate) ([]Candidate, error) {
	commands := make([]Command, len(drivers))
	for i, driver := range drivers {
		commands[i] = Command{"HMGET", driverKey(driver.ID), "cell", "status"}
	}
	answers, err := x.ask(commands...)
	if err != nil {
		return nil, err
	}
	var there []Candidate
	for i, answer := range answers {
		record, err := redis.Strings(answer, nil)
		if err == nil && record[0] == drivers[i].Cell.token() && record[1] == "available" {
			there = append(there, drivers[i])
		}
	}
	return there, nil
}

// claim makes a driver this trip's, unless another trip has it.
func (x *Index) claim(driver, trip string) (bool, error) {
	answers, err := x.ask(Command{"SET", claimKey(driver), trip, "NX", "EX", claimSeconds})
	if err != nil {
		return false, err
	}
	return answers[0] != nil, nil
}

// engage makes a claim outlast itself, until the driver's next report says otherwise.
func (x *Index) engage(driver string) error {
	_, err := x.ask(Command{"HSET", driverKey(driver), "status", "busy"})
	return err
}

// release gives a driver back who was claimed for nothing.
func (x *Index) release(driver string) error {
	_, err := x.ask(Command{"DEL", claimKey(driver)}, Command{"HSET", driverKey(driver), "status", "available"})
	return err
}

func driverKey(driver string) string { return "driver:{" + driver + "}" }
func claimKey(driver string) string  { return "claim:{" + driver + "}" }
func cellKey(cell Cell) string       { return "cell:{" + cell.token() + "}" }
