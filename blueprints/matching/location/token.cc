#include "token.h"

#include <strings.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace {
// Base64 for URLs, https://www.rfc-editor.org/rfc/rfc4648#section-5. Ends at what is none.
std::string decoded(const std::string& text) {
  static const std::string kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  unsigned bits = 0;
  int waiting = 0;
  for (const char letter : text) {
    const auto value = kLetters.find(letter);
    if (value == std::string::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    waiting += 6;
    if (waiting >= 8) {
      waiting -= 8;
      bytes += static_cast<char>(bits >> waiting & 0xff);
    }
  }
  return bytes;
}

// The middle part of "Bearer <part>.<part>.<part>", or nothing.
std::string payload(const std::string& header) {
  std::istringstream words(header);
  std::string scheme, token, more;
  words >> scheme >> token;
  if (strcasecmp(scheme.c_str(), "bearer") != 0 || words >> more) return "";
  const auto first = token.find('.'), last = token.rfind('.');
  if (first == std::string::npos || token.find('.', first + 1) != last) return "";
  return token.substr(first + 1, last - first - 1);
}
}  // namespace

Caller::Caller(const httplib::Request& request) {
  const auto given = request.get_header_value_count("Authorization");
  signed_in_ = given > 0;
  if (given != 1) return;
  const auto claims =
      nlohmann::json::parse(decoded(payload(request.get_header_value("Authorization"))), nullptr, false);
  const auto text = [&claims](const char* name) {
    const auto claim = claims.find(name);
    return claim != claims.end() && claim->is_string() ? claim->get<std::string>() : std::string();
  };
  if (!claims.is_object()) return;
  subject_ = text("sub");
  if (subject_.empty()) subject_ = text("client_id");  // a program that has no user
  scopes_ = " " + text("scope") + " ";
}

bool Caller::drives(const std::string& driver) const {
  return !signed_in_ || (has("rides/drive") && driver == subject_);
}

bool Caller::sees(const std::string& driver) const { return !signed_in_ || has("rides/ride") || drives(driver); }

bool Caller::has(const std::string& scope) const { return scopes_.find(" " + scope + " ") != std::string::npos; }
