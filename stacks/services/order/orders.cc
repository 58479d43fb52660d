#include "orders.h"

#include <mariadb/mysqld_error.h>

#include "setting.h"

namespace {
// Longer than a call of another service with its repetition, after which an order's owner says that it lives.
const std::string kLease = "NOW(3) + INTERVAL " + setting("LEASE_SECONDS", "20") + " SECOND";
const std::string kPatience = setting("PATIENCE_SECONDS", "600");
const std::string kTable = R"(
CREATE TABLE IF NOT EXISTS orders (
    order_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    buyer VARCHAR(64) NOT NULL,
    asked VARCHAR(12000) NOT NULL,
    state VARCHAR(16) NOT NULL,
    payment VARCHAR(16) NOT NULL DEFAULT '',
    statement VARCHAR(4096) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    cents BIGINT NOT NULL DEFAULT 0,
    label VARCHAR(64) NOT NULL DEFAULT '',
    reason VARCHAR(255) NOT NULL DEFAULT '',
    owner CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    busy_until TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    KEY unfinished (state, busy_until)
) CHARACTER SET utf8mb4
)";
}  // namespace

nlohmann::json Order::told() const {
  nlohmann::json said{{"key", key}, {"user", buyer}, {"items", asked.at("items")}, {"state", state}};
  if (cents) said["cents"] = cents;
  if (!payment.empty()) said["payment"] = payment;
  if (!label.empty()) said["label"] = label;
  if (!reason.empty()) said["reason"] = reason;
  return said;
}

void Orders::make_table() { database_.run(kTable); }

bool Orders::begin(xray::Segment& segment, const Order& order, const std::string& owner) {
  try {
    run(segment,
        "INSERT INTO orders (order_key, buyer, asked, state, owner, busy_until) VALUES (?, ?, ?, 'placing', ?, " +
            kLease + ")",
        {order.key, order.buyer, order.asked.dump(), owner});
    return true;
  } catch (const DatabaseError& error) {
    if (error.number != ER_DUP_ENTRY) throw;
    return false;
  }
}

std::optional<Order> Orders::find(xray::Segment& segment, const std::string& key) {
  const auto rows = run(segment,
                        "SELECT buyer, state, payment, statement, label, reason, asked, cents, "
                        "created_at < NOW(3) - INTERVAL " + kPatience + " SECOND FROM orders WHERE order_key = ?",
                        {key})
                        .rows;
  if (rows.empty()) return std::nullopt;
  const Row& row = rows.front();
  return Order{key,    row[0], row[1], row[2], row[3], row[4], row[5], nlohmann::json::parse(row[6]),
               std::stol(row[7]), row[8] == "1"};
}

bool Orders::take_over(xray::Segment& segment, const std::string& key, const std::string& owner) {
  return run(segment,
             "UPDATE orders SET owner = ?, busy_until = " + kLease +
                 " WHERE order_key = ? AND state IN ('placing', 'cancelling') AND busy_until < NOW(3)",
             {owner, key})
             .matched == 1;
}

void Orders::keep(xray::Segment& segment, const Order& order, const std::string& owner) {
  const auto kept = run(segment,
                        "UPDATE orders SET state = ?, payment = ?, statement = ?, cents = ?, label = ?, reason = ?, "
                        "busy_until = " + kLease + " WHERE order_key = ? AND owner = ?",
                        {order.state, order.payment, order.statement, std::to_string(order.cents), order.label,
                         order.reason.substr(0, 255), order.key, owner});
  if (kept.matched != 1) throw Taken(order.key + " is another's by now");
}

void Orders::leave(xray::Segment& segment, const std::string& key, const std::string& owner) {
  run(segment, "UPDATE orders SET busy_until = NOW(3) - INTERVAL 1 SECOND WHERE order_key = ? AND owner = ?",
      {key, owner});
}

std::vector<std::string> Orders::left(xray::Segment& segment) {
  std::vector<std::string> keys;
  for (const Row& row : run(segment,
                            "SELECT order_key FROM orders WHERE state IN ('placing', 'cancelling') "
                            "AND busy_until < NOW(3) ORDER BY busy_until LIMIT 20",
                            {})
                            .rows) {
    keys.push_back(row.front());
  }
  return keys;
}

Result Orders::run(xray::Segment& segment, const std::string& statement, const std::vector<std::string>& values) {
  xray::Call call(segment, "orders", "remote");
  call.sql(statement);
  try {
    return database_.run(statement, values);
  } catch (const DatabaseError& error) {
    if (error.number != ER_DUP_ENTRY) call.failed(error.what());
    throw;
  }
}
