// Which requests are traced: what X-Ray's sampling rules say, asked for through the agent.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
#pragma once

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace xray {
class Sampler {
 public:
  explicit Sampler(std::string service) : service_(std::move(service)) {}

  bool samples(const std::string& method, const std::string& path, const std::string& host);

  // What GetSamplingRules says.
  void take_rules(const nlohmann::json& said);
  // What SamplingTargets is asked with, and what it says.
  nlohmann::json statistics();
  void take_targets(const nlohmann::json& said);

 private:
  struct Rule {
    std::string name, service, host, method, path;
    int priority = 10000;
    double rate = 0.05;
    long reservoir = 1, quota = -1, quota_until = 0;  // a quota of -1: none is assigned
    long second = 0, used = 0;                        // of the reservoir, in that second
    long requests = 0, sampled = 0, borrowed = 0;
  };

  std::mutex guard_;
  const std::string service_;
  std::string client_;
  std::vector<Rule> rules_;
  Rule otherwise_;
};

// Whether a text is like a pattern with * and ?, whatever the case.
bool like(const std::string& pattern, const std::string& text);
// So many random hexadecimal digits.
std::string digits(size_t many);
}  // namespace xray
