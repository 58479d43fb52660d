package main

import (
	"crypto/md5"
	"encoding/binary"
	"sort"
	"strconv"
)

const replicaPoints = 100 // of each member: with ten members the fullest has some 20 % more than its share

// Ring is consistent hashing: a member that comes or goes moves only its own share of the cells.
type Ring struct {
	points []point
}

type point struct {
	hash   uint64
	member string
}

func newRing(members []string) *Ring {
	ring := &Ring{make([]point, 0, len(members)*replicaPoints)}
	for _, member := range members {
		for replica := 0; replica < replicaPoints; replica++ {
			ring.points = append(ring.points, point{hash(member + "#" + strconv.Itoa(replica)), member})
		}
	}
	sort.Slice(ring.points, func(i, j int) bool {
		a, b := ring.points[i], ring.points[j]
		return a.hash < b.hash || a.hash == b.hash && a.member < b.member
	})
	return ring
}

// owner is the member that a key belongs to; empty where there is none.
func (r *Ring) owner(key string) string {
	if len(r.points) == 0 {
		return ""
	}
	wanted := hash(key)
	at := sort.Search(len(r.points), func(i int) bool { return r.points[i].hash >= wanted })
	return r.points[at%len(r.points)].member
}

func hash(text string) uint64 {
	sum := md5.Sum([]byte(text))
	return binary.BigEndian.Uint64(sum[:8])
}
