// The entry of this pod in Consul: https://developer.hashicorp.com/consul/api-docs/agent/service
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

class Registration {
 public:
  // Registers until it is destroyed. `address` is Consul's, "host:port"; empty means that there is none.
  Registration(std::string address, std::string token, std::string id, std::string host, int port);
  ~Registration();

 private:
  void run();

  const std::string address_, token_, id_, host_;
  const int port_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::condition_variable stopped_;
  std::thread thread_;
};
