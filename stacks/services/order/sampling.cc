#include "sampling.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <random>

namespace xray {
namespace {
std::mt19937_64& random_numbers() {
  thread_local std::mt19937_64 numbers{std::random_device{}()};
  return numbers;
}
}  // namespace

std::string digits(size_t many) {
  std::string text(many, '0');
  for (char& digit : text) digit = "0123456789abcdef"[random_numbers()() & 15];
  return text;
}

bool like(const std::string& pattern, const std::string& text) {
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  size_t at = 0, star = std::string::npos, from = 0, p = 0;
  while (at < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && same(pattern[p], text[at])))) {
      p++, at++;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++, from = at;
    } else if (star != std::string::npos) {
      p = star + 1, at = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string::npos;
}

bool Sampler::samples(const std::string& method, const std::string& path, const std::string& host) {
  const std::lock_guard<std::mutex> lock(guard_);
  const auto meant = [&](const Rule& rule) {
    return like(rule.service, service_) && like(rule.method, method) && like(rule.path, path) && like(rule.host, host);
  };
  const auto found = std::find_if(rules_.begin(), rules_.end(), meant);
  Rule& rule = found == rules_.end() ? otherwise_ : *found;
  const long now = std::time(nullptr);
  if (rule.second != now) rule.second = now, rule.used = 0;
  rule.requests++;
  // Until a quota is assigned, each who asks borrows one a second of the reservoir.
  const bool assigned = rule.quota >= 0 && now < rule.quota_until;
  const long quota = assigned ? rule.quota : std::min(rule.reservoir, 1L);
  bool taken = rule.used < quota;
  if (taken) {
    rule.used++;
    rule.borrowed += !assigned;
  } else {
    taken = std::uniform_real_distribution<>()(random_numbers()) < rule.rate;
  }
  rule.sampled += taken;
  return taken;
}

void Sampler::take_rules(const nlohmann::json& said) {
  std::vector<Rule> rules;
  for (const auto& record : said.at("SamplingRuleRecords")) {
    const auto& one = record.at("SamplingRule");
    Rule rule;
    rule.name = one.at("RuleName"), rule.service = one.value("ServiceName", "*"), rule.host = one.value("Host", "*");
    rule.method = one.value("HTTPMethod", "*"), rule.path = one.value("URLPath", "*");
    rule.priority = one.at("Priority"), rule.rate = one.at("FixedRate"), rule.reservoir = one.at("ReservoirSize");
    rules.push_back(rule);
  }
  std::sort(rules.begin(), rules.end(), [](const Rule& one, const Rule& other) {
    return std::tie(one.priority, one.name) < std::tie(other.priority, other.name);
  });
  const std::lock_guard<std::mutex> lock(guard_);
  for (Rule& rule : rules) {
    const auto named = [&](const Rule& old) { return old.name == rule.name; };
    const auto old = std::find_if(rules_.begin(), rules_.end(), named);
    if (old == rules_.end()) continue;
    rule.quota = old->quota, rule.quota_until = old->quota_until, rule.second = old->second, rule.used = old->used;
    rule.requests = old->requests, rule.sampled = old->sampled, rule.borrowed = old->borrowed;
  }
  rules_ = std::move(rules);
}

nlohmann::json Sampler::statistics() {
  const std::lock_guard<std::mutex> lock(guard_);
  if (client_.empty()) client_ = digits(24);
  nlohmann::json documents = nlohmann::json::array();
  for (Rule& rule : rules_) {
    if (!rule.requests) continue;
    documents.push_back({{"RuleName", rule.name}, {"ClientID", client_}, {"Timestamp", std::time(nullptr)},
                         {"RequestCount", rule.requests}, {"SampledCount", rule.sampled},
                         {"BorrowCount", rule.borrowed}});
    rule.requests = rule.sampled = rule.borrowed = 0;
  }
  return {{"SamplingStatisticsDocuments", documents}};
}

void Sampler::take_targets(const nlohmann::json& said) {
  const std::lock_guard<std::mutex> lock(guard_);
  for (const auto& target : said.at("SamplingTargetDocuments")) {
    for (Rule& rule : rules_) {
      if (rule.name != target.at("RuleName")) continue;
      rule.rate = target.value("FixedRate", rule.rate);
      if (target.contains("ReservoirQuota") && target.contains("ReservoirQuotaTTL")) {
        rule.quota = target["ReservoirQuota"];
        rule.quota_until = static_cast<long>(target["ReservoirQuotaTTL"].get<double>());
      }
    }
  }
}
}  // namespace xray
