// What the program says to AWS: who it is, and what secret it may know.
#pragma once

#include <ctime>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

struct Keys {
  std::string id, secret, token;
  std::time_t ends = 0;  // 0: never
};

// A machine's keys: those of its environment, or else those of its role, from its metadata (IMDSv2).
class Identity {
 public:
  // Throws std::runtime_error where there are none.
  Keys keys();

 private:
  std::mutex guard_;
  Keys known_;
};

// What a secret of Secrets Manager holds, as JSON. Throws std::exception where it cannot be read.
nlohmann::json secret(Identity& identity, const std::string& arn);

// The headers of a POST to "/" of a host, signed at a time:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
std::map<std::string, std::string> sign(const Keys& keys, const std::string& service, const std::string& region,
                                        std::map<std::string, std::string> headers, const std::string& body,
                                        std::time_t at);
