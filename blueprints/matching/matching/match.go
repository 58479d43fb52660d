package main

import (
	"errors"
	"math"
	"sort"
	"time"
)

const (
	radiusMetres     = 2000
	metresPerSecond  = 7    // 25 km/h, a car in a city
	detour           = 1.35 // roads against the straight line
	secondsPerStar   = 60   // that a rider would wait for a driver with one star more
	bestRating       = 5
	tried            = 8 // candidates that are asked about at once
	earthMetres      = 6371010
	firstLookMetres  = 300
	degreesToRadians = math.Pi / 180
)

var errNobody = errors.New("no driver within reach")

// Candidate is a driver who could take a ride.
type Candidate struct {
	Driver
	eta   float64 // seconds
	score float64 // the least is the best
}

// Match is a ride that has a driver.
type Match struct {
	driver string
	eta    float64
	supply int // drivers who were found free, this one among them
}

// find claims the best driver within reach for a trip: of those who were got ready for its partition, or else
// of its cells.
func find(index *Index, splits Splits, lat, lng float64, trip string, byDistance bool) (Match, error) {
	// Only parts of a split cell are ever got ready: elsewhere nobody need ask.
	if home := splits.partition(leaf(lat, lng)); home.level() > baseLevel {
		ready, err := index.warm(home)
		if err != nil {
			return Match{}, err
		}
		candidates := ranked(free(ready, lat, lng, byDistance))
		match, gone, err := claimed(index, candidates, trip)
		if err != errNobody {
			match.supply = len(candidates) - gone
			return match, err
		}
	}
	return search(index, splits.around(lat, lng, radiusMetres), lat, lng, trip, byDistance)
}

// search reads the cells around a point.
//
// Most rides end with the cells next to them: who is farther away than the best candidate so far is not read.
func search(index *Index, cells []Near, lat, lng float64, trip string, byDistance bool) (Match, error) {
	to := sort.Search(len(cells), func(i int) bool { return cells[i].metres > firstLookMetres })
	var candidates []Candidate
	supply := 0
	for from := 0; ; from, to = to, len(cells) {
		found, err := index.drivers(cells[from:to])
		if err != nil {
			return Match{}, err
		}
		index.tidy(found)
		more := free(found, lat, lng, byDistance)
		supply += len(more)
		candidates = ranked(append(candidates, more...))
		sure := len(candidates)
		if to < len(cells) {
			unread := eta(cells[to].metres) // nobody there can do better
			sure = sort.Search(len(candidates), func(i int) bool { return candidates[i].score > unread })
		}
		match, gone, err := claimed(index, candidates[:sure], trip)
		supply -= gone
		if err != errNobody || to == len(cells) {
			match.supply = supply
			return match, err
		}
		candidates = candidates[sure:]
	}
}

// free is who is available, seen lately and within reach, and how good each would be.
func free(found []Driver, lat, lng float64, byDistance bool) []Candidate {
	oldest := milliseconds(time.Now().Add(-freshFor))
	var candidates []Candidate
	for _, driver := range found {
		away := metres(lat, lng, driver.Lat, driver.Lng)
		if driver.Status != "available" || driver.At < oldest || away > radiusMetres {
			continue
		}
		candidate := Candidate{Driver: driver, eta: eta(away), score: eta(away)}
		if !byDistance {
			candidate.score += secondsPerStar * (bestRating - math.Min(bestRating, driver.Rating))
		}
		candidates = append(candidates, candidate)
	}
	return candidates
}

func ranked(candidates []Candidate) []Candidate {
	sort.Slice(candidates, func(i, j int) bool {
		if candidates[i].score != candidates[j].score {
			return candidates[i].score < candidates[j].score
		}
		return candidates[i].ID < candidates[j].ID
	})
	return candidates
}

// claimed is the first of the candidates who is still there and whom no other trip has; and how many turned out
// to be gone.
func claimed(index *Index, candidates []Candidate, trip string) (match Match, gone int, err error) {
	for len(candidates) > 0 {
		some := candidates[:min(tried, len(candidates))]
		candidates = candidates[len(some):]
		there, err := index.still(some)
		if err != nil {
			return Match{}, gone, err
		}
		gone += len(some) - len(there)
		for _, candidate := range there {
			ours, err := index.claim(candidate.ID, trip)
			if err != nil {
				return Match{}, gone, err
			}
			if ours {
				return Match{driver: candidate.ID, eta: candidate.eta}, gone, index.engage(candidate.ID)
			}
			gone++
		}
	}
	return Match{}, gone, errNobody
}

func eta(away float64) float64 { return away * detour / metresPerSecond }

// metres is the length of the great circle between two points.
func metres(lat, lng, toLat, toLng float64) float64 {
	north := math.Sin((toLat - lat) * degreesToRadians / 2)
	east := math.Sin((toLng - lng) * degreesToRadians / 2)
	chord := north*north + math.Cos(lat*degreesToRadians)*math.Cos(toLat*degreesToRadians)*east*east
	return 2 * earthMetres * math.Asin(math.Sqrt(chord))
}
