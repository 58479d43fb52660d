package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"time"
)

const (
	deadline        = 3 * time.Second // what a match is promised within
	forwardDeadline = time.Second
	pricingDeadline = 300 * time.Millisecond
	priorityDefault = 50
	mostBytes       = 64 << 10
)

// Service answers requests for rides.
type Service struct {
	index   *Index
	live    *Live
	gossip  *Gossip
	events  Events
	pricing string // "host:port"; empty where prices are not known
	client  http.Client
}

// Ride is what a rider asks for. Where it goes to is for its price alone. Who names a request may ask again, when
// no answer has come, and still gets one driver.
type Ride struct {
	Rider   string   `json:"rider"`
	Request string   `json:"request,omitempty"`
	Lat     *float64 `json:"lat"`
	Lng     *float64 `json:"lng"`
	ToLat   *float64 `json:"to_lat,omitempty"`
	ToLng   *float64 `json:"to_lng,omitempty"`
}

// Answer is a ride that has a driver. The fare is null where it will be told later.
type Answer struct {
	Trip       string          `json:"trip"`
	Driver     string          `json:"driver"`
	EtaSeconds int             `json:"eta_seconds"`
	Fare       json.RawMessage `json:"fare"`
}

// Said is the whole of an answer over HTTP.
type Said struct {
	status  int
	outcome string
	body    interface{}
}

func trouble(status int, outcome, why string) Said {
	return Said{status, outcome, map[string]string{"error": why}}
}

// asked answers a rider: the pod that owns the cell of the ride does the work, or this one where that is down.
func (s *Service) asked(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	ride, body, said := s.read(w, r)
	if said == nil && !permitted(r, ride.Rider) {
		refused := trouble(http.StatusForbidden, "forbidden", "the token is not this rider's, or not for rides")
		said = &refused
	}
	if said == nil {
		at := leaf(*ride.Lat, *ride.Lng)
		s.live.count(at)
		switch owner := s.gossip.owner(s.live.splits().partition(at).token()); {
		case s.live.sheds(priority(r)):
			refused := trouble(http.StatusServiceUnavailable, "shed", "too much is asked; try again")
			said = &refused
		case owner == s.gossip.own || !s.forward(w, r, owner, body):
			answer := s.serve(r, ride, at)
			said = &answer
		default:
			rides.add("forwarded")
			matchSeconds.since(started)
			return
		}
	}
	matchSeconds.since(started)
	rides.add(said.outcome)
	say(w, *said)
}

// passedOn answers another pod, which has counted and admitted the ride, and whose rider it is.
func (s *Service) passedOn(w http.ResponseWriter, r *http.Request) {
	ride, _, said := s.read(w, r)
	if said == nil {
		answer := s.serve(r, ride, leaf(*ride.Lat, *ride.Lng))
		said = &answer
	}
	rides.add(said.outcome)
	say(w, *said)
}

func (s *Service) read(w http.ResponseWriter, r *http.Request) (Ride, []byte, *Said) {
	var ride Ride
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBytes))
	if err == nil {
		err = json.Unmarshal(body, &ride)
	}
	if err != nil || ride.Rider == "" || !onEarth(ride.Lat, 90) || !onEarth(ride.Lng, 180) {
		said := trouble(http.StatusBadRequest, "refused", "rider, lat and lng are needed")
		return ride, body, &said
	}
	if ride.Request != "" && !requestName.MatchString(ride.Request) {
		said := trouble(http.StatusBadRequest, "refused", "request has up to 64 letters, digits, '_', '.' and '-'")
		return ride, body, &said
	}
	return ride, body, nil
}

func (s *Service) serve(r *http.Request, ride Ride, at Cell) Said {
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	if !s.live.passes(at) {
		return trouble(http.StatusTooManyRequests, "shaped", "too many ask here; try again")
	}
	if s.live.open("events") {
		return trouble(http.StatusServiceUnavailable, "shed", "nobody can be sent now; try again")
	}
	return s.once(ctx, ride, func() Said { return s.match(ctx, r, ride, at) })
}

// match sends a driver, and asks for the price meanwhile.
func (s *Service) match(ctx context.Context, r *http.Request, ride Ride, at Cell) Said {
	demand := s.live.demand(at)
	degraded := s.live.degraded()
	trip := newTrip()
	match, err := find(s.index, s.live.splits(), *ride.Lat, *ride.Lng, trip, degraded)
	switch {
	case err == errNobody:
		return trouble(http.StatusNotFound, "nobody", err.Error())
	case err != nil:
		log.Printf("locations: %v", err)
		return trouble(http.StatusServiceUnavailable, "failed", "locations cannot be read; try again")
	}
	fare := make(chan json.RawMessage, 1)
	go func() { fare <- s.fare(ctx, r, ride, degraded, match.supply, demand) }()
	seconds := int(match.eta + .5)
	event := Dispatch{trip, ride.Rider, match.driver, *ride.Lat, *ride.Lng, seconds, milliseconds(time.Now())}
	if err := s.events.tell(event); err != nil {
		log.Printf("events: %v", err)
		if err := s.index.release(match.driver); err != nil {
			log.Printf("%s stays claimed: %v", match.driver, err)
		}
		return trouble(http.StatusServiceUnavailable, "failed", "nobody can be sent now; try again")
	}
	return Said{http.StatusOK, "matched", Answer{trip, match.driver, seconds, <-fare}}
}

// forward hands a ride to the pod that owns its cell. False where that does not answer.
func (s *Service) forward(w http.ResponseWriter, r *http.Request, owner string, body []byte) bool {
	ctx, cancel := context.WithTimeout(r.Context(), forwardDeadline)
	defer cancel()
	address := "http://" + owner + "/api/rides"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return false
	}
	traced(r, request)
	answer, err := s.client.Do(request)
	if err != nil {
		log.Printf("%s owns the cell and does not answer: %v", owner, err)
		s.gossip.doubt(owner)
		return false
	}
	defer answer.Body.Close()
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
	return true
}

// fare is what the ride costs, or null where that cannot be said in time. It costs more where more riders ask
// in a second, `demand`, than there are drivers.
func (s *Service) fare(
	ctx context.Context, r *http.Request, ride Ride, degraded bool, supply int, demand float64,
) json.RawMessage {
	unknown := json.RawMessage("null")
	if s.pricing == "" || degraded || s.live.open("pricing") {
		return unknown
	}
	ctx, cancel := context.WithTimeout(ctx, pricingDeadline)
	defer cancel()
	address := fmt.Sprintf("http://%s/api/prices?from_lat=%g&from_lng=%g&supply=%d&demand=%.1f", s.pricing,
		*ride.Lat, *ride.Lng, supply, demand)
	if onEarth(ride.ToLat, 90) && onEarth(ride.ToLng, 180) {
		address += fmt.Sprintf("&to_lat=%g&to_lng=%g", *ride.ToLat, *ride.ToLng)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return unknown
	}
	traced(r, request)
	answer, err := s.client.Do(request)
	if err != nil {
		return unknown
	}
	defer answer.Body.Close()
	var price struct {
		Fare json.RawMessage `json:"fare"`
	}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&price) != nil || price.Fare == nil {
		return unknown
	}
	return price.Fare
}

func say(w http.ResponseWriter, said Said) {
	w.Header().Set("Content-Type", "application/json")
	if said.status == http.StatusServiceUnavailable || said.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(said.status)
	json.NewEncoder(w).Encode(said.body)
}

// traced lets a request be followed on its way.
func traced(from, to *http.Request) {
	for _, name := range []string{"traceparent", "tracestate", "x-request-id", "x-priority"} {
		if value := from.Header.Get(name); value != "" {
			to.Header.Set(name, value)
		}
	}
}

func priority(r *http.Request) float64 {
	if given, err := strconv.ParseFloat(r.Header.Get("X-Priority"), 64); err == nil {
		return given
	}
	return priorityDefault
}

func onEarth(degrees *float64, most float64) bool {
	return degrees != nil && *degrees >= -most && *degrees <= most
}

func milliseconds(at time.Time) int64 { return at.UnixNano() / int64(time.Millisecond) }

func newTrip() string {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		panic(err)
	}
	return hex.EncodeToString(id)
}
