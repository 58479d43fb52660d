package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"regexp"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	keptSeconds = 60 // an answer, for who asks again
	lookEvery   = 20 * time.Millisecond
)

// What a rider may call a request: without "|", after which it comes in its key.
var requestName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// once looks for a driver unless the same rider has asked the same before: then it is the same answer, which is
// waited for where it is not there yet. Where no driver was found, asking again is asking anew.
//
// If a pod is lost between sending a driver and keeping its answer, who asks again is told to try later, until
// the request is forgotten: better than a second driver.
func (s *Service) once(ctx context.Context, ride Ride, look func() Said) Said {
	if ride.Request == "" {
		return look()
	}
	key := "ride:{" + ride.Rider + "|" + ride.Request + "}"
	for {
		answers, err := s.index.ask(Command{"SET", key, "", "NX", "EX", keptSeconds}, Command{"GET", key})
		if err != nil {
			log.Printf("requests: %v", err)
			return trouble(http.StatusServiceUnavailable, "failed", "locations cannot be read; try again")
		}
		if answers[0] != nil {
			break
		}
		if kept, err := redis.Bytes(answers[1], nil); err == nil && len(kept) > 0 {
			return Said{http.StatusOK, "repeated", json.RawMessage(kept)}
		}
		select {
		case <-ctx.Done():
			return trouble(http.StatusServiceUnavailable, "failed", "a driver is being looked for; try again")
		case <-time.After(lookEvery):
		}
	}
	said := look()
	then := Command{"DEL", key}
	if said.status == http.StatusOK {
		if kept, err := json.Marshal(said.body); err == nil {
			then = Command{"SET", key, kept, "EX", keptSeconds}
		}
	}
	if _, err := s.index.ask(then); err != nil {
		log.Printf("an answer is not kept: %v", err)
	}
	return said
}
