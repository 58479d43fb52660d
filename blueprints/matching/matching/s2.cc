#include "s2.h"

#include <s2/s2cap.h>
#include <s2/s2cell.h>
#include <s2/s2cell_id.h>
#include <s2/s2latlng.h>
#include <s2/s2region_coverer.h>

#include <vector>

namespace {
constexpr double kEarthMetres = 6371010;

S2Point point(double lat, double lng) { return S2LatLng::FromDegrees(lat, lng).Normalized().ToPoint(); }

double metres(const S2Point& from, S2CellId cell) {
  return S2Cell(cell).GetDistance(from).radians() * kEarthMetres;
}
}  // namespace

uint64_t s2_leaf(double lat, double lng) { return S2CellId(point(lat, lng)).id(); }

double s2_metres(double lat, double lng, uint64_t cell) { return metres(point(lat, lng), S2CellId(cell)); }

int s2_cover(double lat, double lng, double radius_metres, int level, NearCell* cells, int room) {
  const S2Point centre = point(lat, lng);
  S2RegionCoverer::Options options;
  options.set_fixed_level(level);
  options.set_max_cells(room);
  std::vector<S2CellId> covering;
  S2RegionCoverer(options).GetCovering(S2Cap(centre, S1Angle::Radians(radius_metres / kEarthMetres)), &covering);
  int written = 0;
  for (S2CellId cell : covering) {
    if (written < room) cells[written++] = {cell.id(), metres(centre, cell)};
  }
  return static_cast<int>(covering.size());
}
