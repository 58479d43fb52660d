// Orders as they are kept: one row each, which one machine at a time goes on with.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "database.h"
#include "xray.h"

struct Order {
  std::string key, buyer, state, payment, statement, label, reason;
  nlohmann::json asked;  // items, country, method, total
  long cents = 0;        // shipping included
  bool old = false;      // begun longer ago than one is patient

  bool ended() const { return state == "confirmed" || state == "cancelled"; }
  nlohmann::json told() const;
};

class Orders {
 public:
  explicit Orders(Database& database) : database_(database) {}

  void make_table();
  // The machine's own if it is new: false where the key is known.
  bool begin(xray::Segment& segment, const Order& order, const std::string& owner);
  std::optional<Order> find(xray::Segment& segment, const std::string& key);
  // Take over an order that has not ended and that nobody goes on with.
  bool take_over(xray::Segment& segment, const std::string& key, const std::string& owner);
  // Keep where an order stands, and go on owning it. Throws Taken where another has it by now.
  void keep(xray::Segment& segment, const Order& order, const std::string& owner);
  // Leave it to whoever comes next.
  void leave(xray::Segment& segment, const std::string& key, const std::string& owner);
  std::vector<std::string> left(xray::Segment& segment);

  struct Taken : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

 private:
  Result run(xray::Segment& segment, const std::string& statement, const std::vector<std::string>& values);

  Database& database_;
};
