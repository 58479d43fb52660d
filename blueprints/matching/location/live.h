// What changes while it runs: which cells are split, what it has been told to do, how much is asked of each cell.
#pragma once

#include <s2/s2cell_id.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>

class Live {
 public:
  explicit Live(std::string address);
  ~Live();

  // The cell that the driver at a point is kept under.
  S2CellId partition(S2CellId leaf) const;

  // Adds an update to the load of a leaf's partition, and to that of the child it would be in.
  void count(S2CellId leaf);

  // Whether another update of this second is let through to a leaf's partition.
  bool passes(S2CellId leaf);

  // Whether requests of a priority, 0 the highest, are turned away.
  bool sheds(double priority) const;

 private:
  void run();
  void refresh();
  void flush();
  S2CellId partition_of(S2CellId leaf) const;
  std::optional<double> number(const std::string& control) const;

  const std::string address_;
  mutable std::mutex mutex_;
  std::unordered_set<uint64_t> splits_;  // ids of cells
  std::map<std::string, nlohmann::json> controls_;
  std::unordered_map<std::string, long> load_;
  std::unordered_map<std::string, double> passed_;
  long second_ = 0;
  bool stopping_ = false;
  std::condition_variable stopped_;
  std::thread thread_;
};
