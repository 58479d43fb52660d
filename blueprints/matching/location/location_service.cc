// The location service: takes the places of drivers, four a second from each, keeps them by S2 cell, and tells them.
#include <arpa/inet.h>
#include <httplib.h>
#include <netdb.h>
#include <s2/s2latlng.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "index.h"
#include "live.h"
#include "metrics.h"
#include "redis.h"
#include "registration.h"
#include "token.h"

namespace {
constexpr size_t kMostUpdates = 1000;  // a batch
constexpr size_t kMostBytes = 1 << 20;
constexpr double kPriorityDefault = 50;
constexpr size_t kThreads = 64;  // one for each connection that is kept open

std::string setting(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// In a pod the name of its host is its own, and leads to its address.
std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string host_address() {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_family = AF_INET;
  if (getaddrinfo(host_name().c_str(), nullptr, &wanted, &found) != 0) return "127.0.0.1";
  char address[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, address, sizeof(address));
  freeaddrinfo(found);
  return address;
}

long milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void say(httplib::Response& response, int status, const nlohmann::json& body) {
  response.status = status;
  if (status == 429 || status == 503) response.set_header("Retry-After", "1");
  response.set_content(body.dump(), "application/json");
}

double priority(const httplib::Request& request) {
  const std::string given = request.get_header_value("X-Priority");
  char* end = nullptr;
  const double value = std::strtod(given.c_str(), &end);
  return given.empty() || *end ? kPriorityDefault : value;
}

// Throws nlohmann's exceptions and std::invalid_argument for what is no update.
Update update(const nlohmann::json& said) {
  Update made{said.at("driver"), said.at("lat"),    said.at("lng"),       said.value("ts", milliseconds()),
              said.at("status"), said.at("rating"), S2CellId::Sentinel()};
  // A phone's clock may be ahead; a place in the future would never be replaced.
  made.ts = std::min(made.ts, milliseconds());
  const bool known = made.status == "available" || made.status == "busy" || made.status == "offline";
  if (made.driver.empty() || made.driver.find_first_of("{}") != std::string::npos || !known ||
      !(std::fabs(made.lat) <= 90) || !(std::fabs(made.lng) <= 180)) {
    throw std::invalid_argument("driver, lat, lng, ts, status and rating are needed");
  }
  made.leaf = S2CellId(S2LatLng::FromDegrees(made.lat, made.lng));
  return made;
}

void take(const std::string& address, Live& live, const httplib::Request& request, httplib::Response& response) {
  const Stopwatch watch(metrics::location_update_seconds);
  std::vector<Update> admitted;
  size_t given = 0;
  try {
    const nlohmann::json batch = nlohmann::json::parse(request.body);
    const nlohmann::json& updates = batch.at("updates");
    given = updates.size();
    if (given > kMostUpdates) return say(response, 413, {{"error", "at most 1000 updates at once"}});
    for (const nlohmann::json& said : updates) admitted.push_back(update(said));
  } catch (const std::exception& error) {
    return say(response, 400, {{"error", error.what()}});
  }
  const Caller caller(request);
  if (!std::all_of(admitted.begin(), admitted.end(),
                   [&caller](const Update& one) { return caller.drives(one.driver); })) {
    return say(response, 403, {{"error", "the token is not this driver's, or not for driving"}});
  }
  for (const Update& one : admitted) live.count(one.leaf);
  if (live.sheds(priority(request))) {
    metrics::refused += given;
    return say(response, 503, {{"error", "too much is asked; try again"}});
  }
  admitted.erase(std::remove_if(admitted.begin(), admitted.end(),
                                [&live](const Update& one) { return !live.passes(one.leaf); }),
                 admitted.end());
  metrics::refused += given - admitted.size();
  if (given && admitted.empty()) return say(response, 429, {{"error", "too many report from here; try again"}});
  try {
    if (!admitted.empty()) write(address, live, admitted);
  } catch (const RedisError& error) {
    std::cerr << "locations: " << error.what() << std::endl;
    return say(response, 503, {{"error", "locations cannot be written; try again"}});
  }
  metrics::updates += admitted.size();
  say(response, 202, {{"written", admitted.size()}, {"refused", given - admitted.size()}});
}
void tell(const std::string& address, const Live& live, const httplib::Request& request,
          httplib::Response& response) {
  const std::string driver = request.matches[1];
  if (!Caller(request).sees(driver)) return say(response, 403, {{"error", "the token is not for rides"}});
  if (live.sheds(priority(request))) return say(response, 503, {{"error", "too much is asked; try again"}});
  try {
    const auto found = place(address, driver);
    if (!found) return say(response, 404, {{"error", "nobody knows where this driver is"}});
    say(response, 200, {{"driver", driver}, {"lat", found->lat}, {"lng", found->lng}, {"ts", found->ts}});
  } catch (const RedisError& error) {
    std::cerr << "locations: " << error.what() << std::endl;
    say(response, 503, {{"error", "locations cannot be read; try again"}});
  }
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

  const std::string address = setting("LOCATIONS_ADDRESS", "127.0.0.1:6379");
  const int port = std::stoi(setting("PORT", "8080"));
  Live live(address);

  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(1'000'000);
  server.set_tcp_nodelay(true);
  server.set_payload_max_length(kMostBytes);
  server.Get("/health", [](const httplib::Request&, httplib::Response& response) {
    say(response, 200, {{"status", "up"}});
  });
  server.Get("/metrics", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics::text(), "text/plain; version=0.0.4");
  });
  server.Post("/api/locations", [&](const httplib::Request& request, httplib::Response& response) {
    take(address, live, request, response);
  });
  server.Get("/api/locations/(.+)", [&](const httplib::Request& request, httplib::Response& response) {
    tell(address, live, request, response);
  });

  if (!server.bind_to_port("0.0.0.0", port)) {
    std::cerr << "port " << port << " is taken" << std::endl;
    return 1;
  }
  std::thread stopper;
  {
    const std::string registry = setting("REGISTRY", "CONSUL");  // how the names of its settings begin
    auto registration = std::make_unique<Registration>(
        setting((registry + "_ADDRESS").c_str(), ""), setting((registry + "_PASSWORD").c_str(), ""),
        setting("POD_NAME", host_name()), setting("POD_IP", host_address()),
        std::stoi(setting("MESH_PORT", std::to_string(port))));
    stopper = std::thread([&] {
      int got = 0;
      sigwait(&ends, &got);
      registration.reset();
      server.stop();
    });
    server.listen_after_bind();
    stopper.join();
  }
  return 0;
}
