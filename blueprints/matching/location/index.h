// Where the drivers are, in Redis: each under exactly one cell.
#pragma once

#include <s2/s2cell_id.h>

#include <optional>
#include <string>
#include <vector>

#include "live.h"

struct Update {
  std::string driver;
  double lat, lng;
  long ts;  // ms
  std::string status;
  double rating;
  S2CellId leaf;
};

// Writes a batch in one round trip, or two where somebody has moved to another cell. Throws RedisError.
void write(const std::string& address, const Live& live, const std::vector<Update>& updates);

struct Place {
  double lat, lng;
  long ts;  // ms
};

// Where a driver was last, unless it is offline or not known. Throws RedisError.
std::optional<Place> place(const std::string& address, const std::string& driver);
