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
  // The bounds that objectives are read at, 1 ms and 50 ms, are among them.
  static constexpr std::array<double, 14> kBounds{.0001, .00025, .0005, .001, .0025, .005, .01,
                                                  .025,  .05,    .1,    .25,  .5,    1,    5};
  const char* name_;
  const char* help_;
  std::array<std::atomic<unsigned long>, kBounds.size()> buckets_{};
  std::atomic<unsigned long> count_{0};
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
extern Histogram location_update_seconds;
extern Histogram redis_seconds;
extern std::atomic<unsigned long> updates;
extern std::atomic<unsigned long> refused;

std::string text();
}  // namespace metrics
