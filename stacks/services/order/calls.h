// How another service is asked: in a set time, as part of a trace.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "xray.h"

// What was said: its status, 0 for nothing in time, and its JSON.
struct Said {
  int status = 0;
  nlohmann::json body;

  bool done() const { return status / 100 == 2; }
  // It has been decided against, and will be again. What is neither may have happened or not.
  bool refused() const { return status / 100 == 4 && status != 408 && status != 429; }
  std::string why() const { return body.is_object() ? body.value("error", "refused") : "refused"; }
};

class Server {
 public:
  // `address`: "host:port", by TLS on 443.
  Server(std::string name, const std::string& address);

  // POSTs, and once more where nothing is said: all that is asked may be asked again.
  Said ask(xray::Segment& segment, const std::string& path, const nlohmann::json& body) const;

 private:
  Said once(xray::Segment& segment, const std::string& path, const std::string& body) const;

  std::string name_, place_;
};
