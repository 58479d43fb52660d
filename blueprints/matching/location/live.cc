#include "live.h"

#include <chrono>
#include <iostream>

#include "redis.h"

namespace {
constexpr int kBaseLevel = 12;     // a square of about 2.2 km
constexpr int kDeepestLevel = 18;  // of about 35 m
constexpr int kLoadSeconds = 120;  // that a second's load is kept

long now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}
}  // namespace

Live::Live(std::string address) : address_(std::move(address)) {
  try {
    refresh();
  } catch (const RedisError& error) {
    std::cerr << "no splits and controls yet: " << error.what() << std::endl;
  }
  thread_ = std::thread(&Live::run, this);
}

Live::~Live() {
  {
    const std::lock_guard<std::mutex> held(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

S2CellId Live::partition(S2CellId leaf) const {
  const std::lock_guard<std::mutex> held(mutex_);
  return partition_of(leaf);
}

S2CellId Live::partition_of(S2CellId leaf) const {
  S2CellId cell = leaf.parent(kBaseLevel);
  for (int level = kBaseLevel; level < kDeepestLevel && splits_.count(cell.id()); level++) {
    cell = leaf.parent(level + 1);
  }
  return cell;
}

void Live::count(S2CellId leaf) {
  const std::lock_guard<std::mutex> held(mutex_);
  const S2CellId cell = partition_of(leaf);
  load_[cell.ToToken()]++;
  load_[leaf.parent(cell.level() + 1).ToToken()]++;
}

bool Live::passes(S2CellId leaf) {
  const std::lock_guard<std::mutex> held(mutex_);
  if (const long second = now(); second != second_) {
    second_ = second;
    passed_.clear();
  }
  if (controls_.empty()) return true;
  const int deepest = partition_of(leaf).level() + 1;
  for (int level = kBaseLevel; level <= deepest; level++) {
    const std::string token = leaf.parent(level).ToToken();
    if (const auto most = number("shape:" + token); most && ++passed_[token] > *most) return false;
  }
  return true;
}

bool Live::sheds(double priority) const {
  const std::lock_guard<std::mutex> held(mutex_);
  const auto above = number("shed_above");
  return above && priority > *above;
}

std::optional<double> Live::number(const std::string& control) const {
  const auto found = controls_.find(control);
  if (found == controls_.end() || found->second.value("until", 0.0) < static_cast<double>(now())) return {};
  const nlohmann::json value = found->second.value("value", nlohmann::json());
  return value.is_number() ? std::optional<double>(value.get<double>()) : std::nullopt;
}

void Live::run() {
  for (bool last = false; !last;) {
    {
      std::unique_lock<std::mutex> held(mutex_);
      last = stopped_.wait_for(held, std::chrono::seconds(1), [this] { return stopping_; });
    }
    try {
      flush();
      refresh();
    } catch (const RedisError& error) {
      std::cerr << "splits and controls stay as they were: " << error.what() << std::endl;
    }
  }
}

void Live::refresh() {
  const auto answers = ask(address_, {{"SMEMBERS", "splits"}, {"HGETALL", "controls"}});
  std::unordered_set<uint64_t> splits;
  for (size_t i = 0; i < answers[0]->elements; i++) {
    splits.insert(S2CellId::FromToken(text(answers[0]->element[i])).id());
  }
  std::map<std::string, nlohmann::json> controls;
  for (size_t i = 0; i + 1 < answers[1]->elements; i += 2) {
    auto control = nlohmann::json::parse(text(answers[1]->element[i + 1]), nullptr, false);
    if (control.is_object()) controls[text(answers[1]->element[i])] = std::move(control);
  }
  const std::lock_guard<std::mutex> held(mutex_);
  splits_ = std::move(splits);
  controls_ = std::move(controls);
}

void Live::flush() {
  std::unordered_map<std::string, long> load;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    load.swap(load_);
  }
  if (load.empty()) return;
  const std::string key = "load:" + std::to_string(now());
  std::vector<Command> commands;
  for (const auto& [token, updates] : load) commands.push_back({"HINCRBY", key, token, std::to_string(updates)});
  commands.push_back({"EXPIRE", key, std::to_string(kLoadSeconds)});
  ask(address_, commands);
}
