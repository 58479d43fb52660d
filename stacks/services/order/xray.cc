#include "xray.h"

#include <httplib.h>
#include <netdb.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "sampling.h"
#include "setting.h"

namespace xray {
namespace {
constexpr size_t kLargest = 64 * 1024;  // of a datagram
constexpr auto kRulesEvery = std::chrono::minutes(5);

std::string service = "service";
std::unique_ptr<Sampler> sampler;
std::string agent;  // "host:port" of its TCP
int datagrams = -1;

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// "127.0.0.1:2000", or "tcp:127.0.0.1:2000 udp:127.0.0.1:2001".
std::string address_of(const std::string& kind, const std::string& setting) {
  std::istringstream words(setting);
  for (std::string word; words >> word;) {
    if (word.rfind(kind + ":", 0) == 0) return word.substr(kind.size() + 1);
  }
  return setting;
}

int connected(const std::string& address) {
  const size_t colon = address.rfind(':');
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_DGRAM;
  if (colon == std::string::npos ||
      getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &wanted, &found) != 0) {
    std::cerr << "tracing: no agent at " << address << std::endl;
    return -1;
  }
  const int made = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made >= 0 && connect(made, found->ai_addr, found->ai_addrlen) != 0) std::cerr << "tracing: lost" << std::endl;
  freeaddrinfo(found);
  return made;
}

// Nobody waits for the agent: what it does not take is not told.
void send_document(const nlohmann::json& document) {
  const std::string text = "{\"format\": \"json\", \"version\": 1}\n" +
                           document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (datagrams >= 0 && text.size() <= kLargest) send(datagrams, text.data(), text.size(), 0);
}

bool learn(httplib::Client& at, const std::string& path, const nlohmann::json& question,
           const std::function<void(const nlohmann::json&)>& take) {
  try {
    const auto said = at.Post(path, question.dump(), "application/json");
    if (said && said->status == 200) {
      take(nlohmann::json::parse(said->body));
      return true;
    }
  } catch (const std::exception& error) {
    std::cerr << "tracing: " << path << ": " << error.what() << std::endl;
  }
  return false;
}

void follow() {
  const auto pause = std::chrono::milliseconds(std::stol(setting("SAMPLING_MILLISECONDS", "10000")));
  httplib::Client at("http://" + agent);
  at.set_connection_timeout(2);
  at.set_read_timeout(5);
  auto known_until = std::chrono::steady_clock::time_point::min();
  while (true) {
    const auto time = std::chrono::steady_clock::now();
    if (time >= known_until &&
        learn(at, "/GetSamplingRules", nlohmann::json::object(), [](const auto& said) { sampler->take_rules(said); })) {
      known_until = time + kRulesEvery;
    }
    const nlohmann::json statistics = sampler->statistics();
    if (!statistics["SamplingStatisticsDocuments"].empty()) {
      learn(at, "/SamplingTargets", statistics, [](const auto& said) { sampler->take_targets(said); });
    }
    std::this_thread::sleep_for(pause);
  }
}

std::string new_root() {
  char seconds[9];
  std::snprintf(seconds, sizeof(seconds), "%08lx", static_cast<unsigned long>(std::time(nullptr)));
  return std::string("1-") + seconds + "-" + digits(24);
}

// A failure of who asked, of ours, or for too much asked.
void judge(nlohmann::json& document, int status) {
  document["http"]["response"]["status"] = status;
  if (status >= 500) document["fault"] = true;
  if (status >= 400 && status < 500) document["error"] = true;
  if (status == 429) document["throttle"] = true;
}
}  // namespace

std::string Trace::header(const std::string& parent_of_next) const {
  return "Root=" + root + ";Parent=" + parent_of_next + ";Sampled=" + (sampled ? "1" : "0");
}

Segment::Segment(const std::string& header, const std::string& method, const std::string& path,
                 const std::string& host)
    : id_(digits(16)) {
  std::istringstream parts(header);
  std::string decided;
  for (std::string part; std::getline(parts, part, ';');) {
    part.erase(0, part.find_first_not_of(' '));
    if (part.rfind("Root=", 0) == 0) trace_.root = part.substr(5);
    if (part.rfind("Parent=", 0) == 0) trace_.parent = part.substr(7);
    if (part.rfind("Sampled=", 0) == 0) decided = part.substr(8);
  }
  if (trace_.root.empty()) trace_.root = new_root();
  trace_.sampled = decided == "1" || (decided != "0" && sampler && sampler->samples(method, path, host));
  document_ = {{"name", service},
               {"id", id_},
               {"trace_id", trace_.root},
               {"start_time", now()},
               {"http", {{"request", {{"method", method}, {"url", "http://" + host + path}}}}}};
  if (!trace_.parent.empty()) document_["parent_id"] = trace_.parent;
}

Segment::~Segment() {
  if (!trace_.sampled) return;
  document_["end_time"] = now();
  send_document(document_);
}

void Segment::answered(int status) { judge(document_, status); }

void Segment::annotate(const std::string& key, const std::string& value) { document_["annotations"][key] = value; }

Call::Call(Segment& segment, const std::string& name, const std::string& kind) : segment_(segment), id_(digits(16)) {
  document_ = {{"name", name}, {"id", id_}, {"start_time", now()}};
  if (!kind.empty()) document_["namespace"] = kind;
}

Call::~Call() {
  document_["end_time"] = now();
  segment_.document_["subsegments"].push_back(document_);
}

void Call::asked(const std::string& method, const std::string& url) {
  document_["http"]["request"] = {{"method", method}, {"url", url}};
}

void Call::answered(int status) { judge(document_, status); }

void Call::sql(const std::string& statement) {
  document_["sql"] = {{"database_type", "MySQL"}, {"sanitized_query", statement}};
}

void Call::failed(const std::string& words) {
  document_["fault"] = true;
  document_["cause"] = {{"exceptions", {{{"id", digits(16)}, {"message", words}, {"type", "lost"}}}}};
}

void start(const std::string& name) {
  service = name;
  const std::string address = setting("AWS_XRAY_DAEMON_ADDRESS");
  if (address.empty()) return;
  datagrams = connected(address_of("udp", address));
  agent = address_of("tcp", address);
  sampler = std::make_unique<Sampler>(name);
  std::thread(follow).detach();
}
}  // namespace xray
