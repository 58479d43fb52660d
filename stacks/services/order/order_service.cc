// The order service: places each order once, whoever asks how often, and undoes what cannot be placed.
//
// POST /api/orders {"key", "user", "items": [{"sku", "quantity"}], "country", "method", "total_cents"} answers 201 for
// an order that is confirmed, 200 for one that was, 202 while it is being placed or undone, 409 for one that is
// cancelled, with the reason, and 422 where the key is another order's. GET /api/orders/{key} reads one.
#include <httplib.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <regex>
#include <thread>

#include "checkout.h"
#include "metrics.h"
#include "sampling.h"
#include "setting.h"

namespace {
constexpr size_t kMostBytes = 64 * 1024;
constexpr size_t kMostItems = 50;
constexpr size_t kThreads = 64;

struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text(const nlohmann::json& said, const char* name, const std::regex& wanted) {
  if (!said.contains(name) || !said[name].is_string() || !std::regex_match(said[name].get<std::string>(), wanted)) {
    throw Wrong(std::string(name) + " is missing, or not as it should be");
  }
  return said[name];
}

// An order as it is asked for. Throws Wrong for what is none.
Order order_of(const std::string& body) {
  static const std::regex key("[A-Za-z0-9-][A-Za-z0-9_-]{0,63}"), user("[^\\x00-\\x1f]{1,64}"), country("[A-Z]{2}");
  const auto said = nlohmann::json::parse(body, nullptr, false);
  if (!said.is_object()) throw Wrong("a JSON object is expected");
  Order order;
  order.key = text(said, "key", key), order.buyer = text(said, "user", user), order.state = "placing";
  order.asked = {{"country", text(said, "country", country)}, {"method", text(said, "method", user)}};
  const auto items = said.value("items", nlohmann::json());
  if (!items.is_array() || items.empty() || items.size() > kMostItems) throw Wrong("items: 1 to 50 are expected");
  for (const auto& item : items) {
    const bool whole = item.is_object() && item.contains("quantity") && item["quantity"].is_number_unsigned();
    if (!whole || item["quantity"] < 1 || item["quantity"] > 1000) throw Wrong("quantity must be 1 to 1000");
    order.asked["items"].push_back({{"sku", text(item, "sku", key)}, {"quantity", item["quantity"]}});
  }
  if (said.contains("total_cents")) {
    if (!said["total_cents"].is_number_integer()) throw Wrong("total_cents must be a whole number");
    order.asked["total_cents"] = said["total_cents"];
  }
  return order;
}

class Service {
 public:
  Service(Database& database, const std::string& port)
      : orders_(database),
        checkout_(orders_, Server("inventory", setting("INVENTORY_ADDRESS")),
                  Server("payment", setting("PAYMENT_ADDRESS")), Server("shipping", setting("SHIPPING_ADDRESS"))),
        port_(std::stoi(port)) {}

  // Answers until the signal; false where its port is taken.
  bool serve(const sigset_t& ends);

 private:
  using Answer = std::pair<int, nlohmann::json>;

  Answer place(xray::Segment& segment, const httplib::Request& request);
  Answer read(xray::Segment& segment, const httplib::Request& request);
  void answer(const httplib::Request& request, httplib::Response& response,
              Answer (Service::*how)(xray::Segment&, const httplib::Request&));
  void sweep();
  void take_up(const std::string& key);

  Orders orders_;
  Checkout checkout_;
  const int port_;
  std::mutex guard_;
  std::condition_variable waking_;
  bool ending_ = false;
};

Service::Answer Service::place(xray::Segment& segment, const httplib::Request& request) {
  const Stopwatch watch(metrics::order_seconds);
  Order order = order_of(request.body);
  const std::string owner = xray::digits(24);
  const bool fresh = orders_.begin(segment, order, owner);
  if (!fresh) {
    auto known = orders_.find(segment, order.key);
    if (!known) throw DatabaseError(0, "an order is there and cannot be read");
    if (known->buyer != order.buyer || known->asked != order.asked) {
      return {422, {{"error", order.key + " is the key of another order"}}};
    }
    if (!known->ended() && orders_.take_over(segment, order.key, owner)) {
      order = *orders_.find(segment, order.key);
      checkout_.go_on(segment, order, owner);
    } else {
      order = *known;
    }
  } else {
    checkout_.go_on(segment, order, owner);
  }
  if (!order.ended()) return {202, order.told()};
  return {order.state == "cancelled" ? 409 : fresh ? 201 : 200, order.told()};
}

Service::Answer Service::read(xray::Segment& segment, const httplib::Request& request) {
  const auto found = orders_.find(segment, request.matches[1]);
  if (!found) return {404, {{"error", "no such order"}}};
  return {200, found->told()};
}

void Service::answer(const httplib::Request& request, httplib::Response& response,
                     Answer (Service::*how)(xray::Segment&, const httplib::Request&)) {
  xray::Segment segment(request.get_header_value("X-Amzn-Trace-Id"), request.method, request.path,
                        request.get_header_value("Host"));
  Answer said;
  try {
    said = (this->*how)(segment, request);
  } catch (const Wrong& wrong) {
    said = {400, {{"error", wrong.what()}}};
  } catch (const Orders::Taken& taken) {
    said = {202, {{"state", "placing"}}};
  } catch (const DatabaseError& error) {
    std::cerr << "orders: " << error.what() << std::endl;
    said = {503, {{"error", "orders are lost"}}};
    response.set_header("Retry-After", "1");
  } catch (const std::exception& error) {
    std::cerr << request.path << ": " << error.what() << std::endl;
    said = {500, {{"error", "a fault of ours"}}};
  }
  segment.answered(said.first);
  metrics::answered(request.method, said.first);
  response.set_header("X-Amzn-Trace-Id", segment.header());
  response.status = said.first;
  response.set_content(said.second.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "application/json");
}

// What a machine has begun and not ended, because it or one that it asked was lost, is gone on with.
void Service::sweep() {
  const auto pause = std::chrono::milliseconds(std::stol(setting("SWEEP_MILLISECONDS", "5000")));
  bool made = false;
  std::unique_lock<std::mutex> lock(guard_);
  while (!ending_) {
    lock.unlock();
    try {
      if (!made) orders_.make_table(), made = true;
      xray::Segment unseen("Sampled=0", "GET", "/sweep", "");
      for (const std::string& key : orders_.left(unseen)) take_up(key);
    } catch (const std::exception& error) {
      std::cerr << "unfinished orders: " << error.what() << std::endl;
    }
    lock.lock();
    waking_.wait_for(lock, pause, [this] { return ending_; });
  }
}

void Service::take_up(const std::string& key) {
  xray::Segment segment("", "POST", "/unfinished", "");
  const std::string owner = xray::digits(24);
  try {
    if (!orders_.take_over(segment, key, owner)) return;
    Order order = *orders_.find(segment, key);
    checkout_.go_on(segment, order, owner);
    segment.answered(order.ended() ? 200 : 202);
  } catch (const std::exception& error) {
    std::cerr << key << ": " << error.what() << std::endl;
    segment.answered(500);
  }
}

bool Service::serve(const sigset_t& ends) {
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(1'000'000);
  server.set_tcp_nodelay(true);
  server.set_payload_max_length(kMostBytes);
  server.Get("/health", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(R"({"status": "up"})", "application/json");
  });
  server.Get("/metrics", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics::text(), "text/plain; version=0.0.4");
  });
  server.Post("/api/orders", [this](const auto& request, auto& response) {
    answer(request, response, &Service::place);
  });
  server.Get("/api/orders/([A-Za-z0-9_-]{1,64})", [this](const auto& request, auto& response) {
    answer(request, response, &Service::read);
  });
  if (!server.bind_to_port("0.0.0.0", port_)) {
    std::cerr << "port " << port_ << " is taken" << std::endl;
    return false;
  }
  std::thread sweeper([this] { sweep(); });
  std::thread stopper([&] {
    int got = 0;
    sigwait(&ends, &got);
    server.stop();
  });
  server.listen_after_bind();
  stopper.join();
  {
    const std::lock_guard<std::mutex> lock(guard_);
    ending_ = true;
  }
  waking_.notify_all();
  sweeper.join();
  return true;
}
}  // namespace

int main() {
  // Before any thread starts, so that the signal waits for the one that waits for it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);

  xray::start(setting("SERVICE_NAME", "order"));
  Database database(setting("ORDERS_ADDRESS", "127.0.0.1:3306"), setting("ORDERS_DATABASE", "shop"),
                    setting("ORDERS_AUTHORITY", "/etc/ssl/rds.pem"), setting("ORDERS_SECRET_ARN"));
  return Service(database, setting("PORT", "8080")).serve(ends) ? 0 : 1;
}
