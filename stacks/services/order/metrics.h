// Prometheus' text format, as much of it as is needed: https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <string>

class Histogram {
 public:
  Histogram(const char* name, const char* help) : name_(name), help_(help) {}
  void add(double seconds);
  std::string text() const;

 private:
  static constexpr std::array<double, 12> kBounds{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5};
  const char* name_;
  const char* help_;
  std::array<std::atomic<unsigned long>, kBounds.size() + 1> buckets_{};
  std::atomic<unsigned long> nanoseconds_{0};
};

// Adds the time that it lived for.
class Stopwatch {
 public:
  explicit Stopwatch(Histogram& histogram) : histogram_(histogram) {}
  ~Stopwatch() {
    histogram_.add(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  Histogram& histogram_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

namespace metrics {
extern Histogram order_seconds;
extern Histogram mysql_seconds;
extern Histogram call_seconds;

void answered(const std::string& method, int status);
void ended(const std::string& state);
std::string text();
}  // namespace metrics
