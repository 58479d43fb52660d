// Who asks, by the token that the load balancer has verified already: its claims are read as they are.
#pragma once

#include <httplib.h>

#include <string>

class Caller {
 public:
  // Without an Authorization header anyone may do anything: then there is no domain, and nobody signs in. What
  // cannot be read permits nothing.
  explicit Caller(const httplib::Request& request);

  // Whether it may say where a driver is: the driver alone may.
  bool drives(const std::string& driver) const;

  // Whether it may ask where a driver is: whoever rides may, and the driver.
  bool sees(const std::string& driver) const;

 private:
  bool has(const std::string& scope) const;

  bool signed_in_ = true;
  std::string subject_;
  std::string scopes_;  // with a space before and after each
};
