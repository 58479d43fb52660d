#include "aws.h"

#include <httplib.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <iomanip>
#include <sstream>
#include <stdexcept>

#include "setting.h"

namespace {
constexpr std::time_t kEarly = 300;  // keys are fetched anew before they end
constexpr int kSeconds = 3;
using Headers = std::map<std::string, std::string>;

std::string hex(const unsigned char* bytes, size_t many) {
  std::ostringstream out;
  for (size_t i = 0; i < many; i++) out << std::hex << std::setfill('0') << std::setw(2) << int{bytes[i]};
  return out.str();
}

std::string hash(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return hex(digest, sizeof(digest));
}

std::string hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int many = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &many);
  return {reinterpret_cast<const char*>(digest), many};
}

std::string answer(const httplib::Result& result, const std::string& what) {
  if (!result) throw std::runtime_error(what + ": " + httplib::to_string(result.error()));
  if (result->status != 200) throw std::runtime_error(what + " says " + std::to_string(result->status));
  return result->body;
}

Keys of_role() {
  httplib::Client metadata(setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254"));
  metadata.set_connection_timeout(1);
  metadata.set_read_timeout(1);
  const httplib::Headers ask{{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
  const std::string session = answer(metadata.Put("/latest/api/token", ask, "", "text/plain"), "metadata");
  const httplib::Headers known{{"X-aws-ec2-metadata-token", session}};
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  const std::string names = answer(metadata.Get(roles, known), "metadata");
  const std::string role = names.substr(0, names.find('\n'));
  const auto said = nlohmann::json::parse(answer(metadata.Get(roles + role, known), "metadata"));
  std::tm ends{};
  std::istringstream(said.at("Expiration").get<std::string>()) >> std::get_time(&ends, "%Y-%m-%dT%H:%M:%SZ");
  return {said.at("AccessKeyId"), said.at("SecretAccessKey"), said.at("Token"), timegm(&ends)};
}
}  // namespace

Keys Identity::keys() {
  const std::lock_guard<std::mutex> lock(guard_);
  if (known_.id.empty() || (known_.ends && known_.ends - kEarly < std::time(nullptr))) {
    const std::string id = setting("AWS_ACCESS_KEY_ID");
    known_ = id.empty() ? of_role()
                        : Keys{id, setting("AWS_SECRET_ACCESS_KEY"), setting("AWS_SESSION_TOKEN"), 0};
  }
  return known_;
}

Headers sign(const Keys& keys, const std::string& service, const std::string& region, Headers headers,
             const std::string& body, std::time_t at) {
  char time[17];
  std::tm parts{};
  gmtime_r(&at, &parts);
  std::strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", &parts);
  headers["x-amz-date"] = time;
  if (!keys.token.empty()) headers["x-amz-security-token"] = keys.token;
  std::string names, lines;
  for (const auto& [name, value] : headers) {
    names += (names.empty() ? "" : ";") + name;
    lines += name + ":" + value + "\n";
  }
  const std::string request = "POST\n/\n\n" + lines + "\n" + names + "\n" + hash(body);
  const std::string day(time, 8);
  const std::string scope = day + "/" + region + "/" + service + "/aws4_request";
  std::string key = "AWS4" + keys.secret;
  for (const std::string& part : {day, region, service, std::string("aws4_request")}) key = hmac(key, part);
  const std::string mac = hmac(key, std::string("AWS4-HMAC-SHA256\n") + time + "\n" + scope + "\n" + hash(request));
  headers["authorization"] = "AWS4-HMAC-SHA256 Credential=" + keys.id + "/" + scope + ", SignedHeaders=" + names +
                             ", Signature=" + hex(reinterpret_cast<const unsigned char*>(mac.data()), mac.size());
  return headers;
}

nlohmann::json secret(Identity& identity, const std::string& arn) {
  std::istringstream parts(arn);
  std::string region;
  for (int i = 0; i < 4; i++) std::getline(parts, region, ':');
  const std::string place = setting("AWS_ENDPOINT_URL", "https://secretsmanager." + region + ".amazonaws.com");
  const std::string body = nlohmann::json{{"SecretId", arn}}.dump();
  const Headers headers{{"content-type", "application/x-amz-json-1.1"},
                        {"host", place.substr(place.find("//") + 2)},
                        {"x-amz-target", "secretsmanager.GetSecretValue"}};
  httplib::Headers sent;
  for (const auto& [name, value] : sign(identity.keys(), "secretsmanager", region, headers, body, std::time(nullptr))) {
    if (name != "content-type") sent.emplace(name, value);
  }
  httplib::Client manager(place);
  manager.set_connection_timeout(kSeconds);
  manager.set_read_timeout(kSeconds);
  const std::string said = answer(manager.Post("/", sent, body, "application/x-amz-json-1.1"), "Secrets Manager");
  return nlohmann::json::parse(nlohmann::json::parse(said).at("SecretString").get<std::string>());
}
