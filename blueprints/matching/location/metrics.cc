#include "metrics.h"

#include <algorithm>
#include <sstream>

void Histogram::add(double seconds) {
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  if (bucket < static_cast<long>(buckets_.size())) buckets_[static_cast<size_t>(bucket)]++;
  count_++;
  nanoseconds_ += static_cast<unsigned long>(seconds * 1e9);
}

std::string Histogram::text() const {
  std::ostringstream out;
  out << "# HELP " << name_ << ' ' << help_ << "\n# TYPE " << name_ << " histogram\n";
  unsigned long below = 0;
  for (size_t i = 0; i < kBounds.size(); i++) {
    below += buckets_[i];
    out << name_ << "_bucket{le=\"" << kBounds[i] << "\"} " << below << '\n';
  }
  const unsigned long count = std::max<unsigned long>(below, count_);
  out << name_ << "_bucket{le=\"+Inf\"} " << count << '\n'
      << name_ << "_sum " << static_cast<double>(nanoseconds_) / 1e9 << '\n'
      << name_ << "_count " << count << '\n';
  return out.str();
}

namespace metrics {
Histogram location_update_seconds("location_update_seconds", "One batch of locations, until its answer.");
Histogram redis_seconds("redis_seconds", "One round trip to the locations.");
std::atomic<unsigned long> updates{0};
std::atomic<unsigned long> refused{0};

std::string text() {
  std::ostringstream out;
  out << location_update_seconds.text() << redis_seconds.text()
      << "# HELP location_updates_total Locations of drivers.\n# TYPE location_updates_total counter\n"
      << "location_updates_total{outcome=\"written\"} " << updates << '\n'
      << "location_updates_total{outcome=\"refused\"} " << refused << '\n';
  return out.str();
}
}  // namespace metrics
