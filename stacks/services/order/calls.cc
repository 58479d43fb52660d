#include "calls.h"

#include <httplib.h>

#include <iostream>

#include "metrics.h"

namespace {
constexpr int kConnectMicroseconds = 500'000;
constexpr int kAnswerSeconds = 2;
}  // namespace

Server::Server(std::string name, const std::string& address) : name_(std::move(name)) {
  const std::string tls = ":443";
  const bool by_tls = address.size() > tls.size() && address.compare(address.size() - tls.size(), tls.size(), tls) == 0;
  place_ = by_tls ? "https://" + address.substr(0, address.size() - tls.size()) : "http://" + address;
}

Said Server::ask(xray::Segment& segment, const std::string& path, const nlohmann::json& body) const {
  const std::string text = body.dump();
  const Said said = once(segment, path, text);
  return said.done() || said.refused() ? said : once(segment, path, text);
}

Said Server::once(xray::Segment& segment, const std::string& path, const std::string& body) const {
  const Stopwatch watch(metrics::call_seconds);
  xray::Call call(segment, name_, "remote");
  call.asked("POST", place_ + path);
  httplib::Client client(place_);
  client.set_connection_timeout(0, kConnectMicroseconds);
  client.set_read_timeout(kAnswerSeconds);
  client.set_write_timeout(kAnswerSeconds);
  const auto result = client.Post(path, {{"X-Amzn-Trace-Id", call.header()}}, body, "application/json");
  if (!result) {
    call.failed(httplib::to_string(result.error()));
    std::cerr << name_ << path << ": " << httplib::to_string(result.error()) << std::endl;
    return {};
  }
  call.answered(result->status);
  auto said = nlohmann::json::parse(result->body, nullptr, false);
  return {result->status, said.is_discarded() ? nlohmann::json() : said};
}
