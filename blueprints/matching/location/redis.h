// A connection to Redis on which many commands go out before their answers are read.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct RedisError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;
using Command = std::vector<std::string>;

class Redis {
 public:
  explicit Redis(const std::string& address);

  // Sends all commands at once and returns their answers in order. Throws RedisError; then the connection is over.
  std::vector<Reply> ask(const std::vector<Command>& commands);

 private:
  struct Close {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Close> context_;
};

// The same over this thread's own connection, which is made anew after an error.
std::vector<Reply> ask(const std::string& address, const std::vector<Command>& commands);

std::string text(const redisReply* reply);
