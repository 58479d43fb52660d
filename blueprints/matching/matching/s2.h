// What is asked of Google's S2 library, for cgo.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint64_t id;
  double metres;  // from the point that was asked about to the nearest point of the cell
} NearCell;

uint64_t s2_leaf(double lat, double lng);
double s2_metres(double lat, double lng, uint64_t cell);

// The cells of one level that meet a circle; returns how many, and writes at most `room` of them.
int s2_cover(double lat, double lng, double radius_metres, int level, NearCell* cells, int room);

#ifdef __cplusplus
}
#endif
