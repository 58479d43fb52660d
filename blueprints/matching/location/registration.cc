#include "registration.h"

#include <httplib.h>

#include <iostream>
#include <nlohmann/json.hpp>

Registration::Registration(std::string address, std::string token, std::string id, std::string host, int port)
    : address_(std::move(address)),
      token_(std::move(token)),
      id_(std::move(id)),
      host_(std::move(host)),
      port_(port) {
  if (!address_.empty()) thread_ = std::thread(&Registration::run, this);
}

Registration::~Registration() {
  {
    const std::lock_guard<std::mutex> held(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// An agent keeps what was registered with it, and behind one name there are several: a connection stays with
// one of them, and when it is lost the next agent does not know the service, and is told. The last one forgets
// it, since nobody says any more that it lives. So nothing has to reach this pod from Consul.
void Registration::run() {
  httplib::Client consul("http://" + address_);
  consul.set_keep_alive(true);
  consul.set_connection_timeout(2);
  consul.set_read_timeout(2);
  httplib::Headers headers;
  if (!token_.empty()) headers.emplace("X-Consul-Token", token_);
  const nlohmann::json service{
      {"ID", id_},
      {"Name", "location"},
      {"Address", host_},
      {"Port", port_},
      {"Check", {{"TTL", "30s"}, {"Status", "passing"}, {"DeregisterCriticalServiceAfter", "1m"}}}};
  const auto put = [&](const std::string& path, const std::string& body) {
    const auto answer = consul.Put(path.c_str(), headers, body, "application/json");
    return answer && answer->status == 200;
  };
  for (bool last = false; !last;) {
    if (!put("/v1/agent/check/pass/service:" + id_, "") && !put("/v1/agent/service/register", service.dump())) {
      std::cerr << "not registered with " << address_ << std::endl;
    }
    std::unique_lock<std::mutex> held(mutex_);
    last = stopped_.wait_for(held, std::chrono::seconds(10), [this] { return stopping_; });
  }
  put("/v1/agent/service/deregister/" + id_, "");
}
