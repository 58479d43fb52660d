package main

/*
#cgo CXXFLAGS: -std=c++17
#cgo LDFLAGS: -ls2
#include "s2.h"
*/
import "C"

import (
	"fmt"
	"math/bits"
	"sort"
	"strconv"
	"strings"
)

const (
	baseLevel    = 12 // a square of about 2.2 km
	deepestLevel = 18 // of about 35 m
	leafLevel    = 30
	mostCells    = 64
)

// Cell is a cell of S2, by its id: https://s2geometry.io/devguide/s2cell_hierarchy
type Cell uint64

// Splits are the cells whose drivers are in their children.
type Splits map[Cell]bool

// Near is a cell and how far away it begins.
type Near struct {
	cell   Cell
	metres float64
}

func leaf(lat, lng float64) Cell {
	return Cell(C.s2_leaf(C.double(lat), C.double(lng)))
}

func cellOf(token string) (Cell, error) {
	if len(token) == 0 || len(token) > 16 {
		return 0, fmt.Errorf("no token of a cell: %q", token)
	}
	id, err := strconv.ParseUint(token+strings.Repeat("0", 16-len(token)), 16, 64)
	return Cell(id), err
}

func (c Cell) token() string {
	return strings.TrimRight(fmt.Sprintf("%016x", uint64(c)), "0")
}

func (c Cell) level() int {
	return leafLevel - bits.TrailingZeros64(uint64(c))/2
}

// parent is the cell of a level that contains this one, or itself.
func (c Cell) parent(level int) Cell {
	lowest := Cell(1) << (2 * uint(leafLevel-level))
	return c&-lowest | lowest
}

func (c Cell) children() [4]Cell {
	lowest := c & -c
	first := c - lowest + lowest>>2
	step := lowest >> 1
	return [4]Cell{first, first + step, first + 2*step, first + 3*step}
}

// partition is the cell that the drivers at a leaf are kept under.
func (s Splits) partition(at Cell) Cell {
	cell := at.parent(baseLevel)
	for level := baseLevel; level < deepestLevel && s[cell]; level++ {
		cell = at.parent(level + 1)
	}
	return cell
}

// around is every partition that meets a circle, the nearest first. A split cell is among them: who has not
// heard of the split yet still writes there.
func (s Splits) around(lat, lng, radiusMetres float64) []Near {
	var found [mostCells]C.NearCell
	count := int(C.s2_cover(C.double(lat), C.double(lng), C.double(radiusMetres), baseLevel, &found[0], mostCells))
	var cells []Near
	var add func(Near)
	add = func(near Near) {
		if near.metres > radiusMetres {
			return
		}
		cells = append(cells, near)
		if !s[near.cell] || near.cell.level() >= deepestLevel {
			return
		}
		for _, child := range near.cell.children() {
			add(Near{child, float64(C.s2_metres(C.double(lat), C.double(lng), C.uint64_t(child)))})
		}
	}
	for _, one := range found[:min(count, mostCells)] {
		add(Near{Cell(one.id), float64(one.metres)})
	}
	sort.Slice(cells, func(i, j int) bool { return cells[i].metres < cells[j].metres })
	return cells
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
