#include "metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <sstream>

void Histogram::add(double seconds) {
  buckets_[static_cast<size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin())]++;
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
  below += buckets_.back();
  out << name_ << "_bucket{le=\"+Inf\"} " << below << '\n'
      << name_ << "_sum " << static_cast<double>(nanoseconds_) / 1e9 << '\n'
      << name_ << "_count " << below << '\n';
  return out.str();
}

namespace metrics {
Histogram order_seconds("order_seconds", "One order, until its answer.");
Histogram mysql_seconds("mysql_seconds", "One statement of MySQL.");
Histogram call_seconds("call_seconds", "One call of another service.");

namespace {
std::mutex guard;
std::map<std::string, unsigned long> requests;
std::map<std::string, unsigned long> orders;

void count(std::map<std::string, unsigned long>& counts, const std::string& labels) {
  const std::lock_guard<std::mutex> lock(guard);
  counts[labels]++;
}
}  // namespace

void answered(const std::string& method, int status) {
  count(requests, "method=\"" + method + "\",status=\"" + std::to_string(status) + "\"");
}

void ended(const std::string& state) { count(orders, "state=\"" + state + "\""); }

std::string text() {
  std::ostringstream out;
  out << order_seconds.text() << mysql_seconds.text() << call_seconds.text();
  const std::lock_guard<std::mutex> lock(guard);
  out << "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter\n";
  for (const auto& [labels, many] : requests) out << "http_requests_total{" << labels << "} " << many << '\n';
  out << "# HELP orders_total Orders, by how they ended.\n# TYPE orders_total counter\n";
  for (const auto& [labels, many] : orders) out << "orders_total{" << labels << "} " << many << '\n';
  return out.str();
}
}  // namespace metrics
