// The program's environment.
#pragma once

#include <cstdlib>
#include <string>

inline std::string setting(const char* name, const std::string& otherwise = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}
