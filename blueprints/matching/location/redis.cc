#include "redis.h"

#include <chrono>

#include "metrics.h"

Redis::Redis(const std::string& address) {
  const auto colon = address.rfind(':');
  const timeval patience{1, 0};
  const std::string host = address.substr(0, colon);
  context_.reset(redisConnectWithTimeout(host.c_str(), std::stoi(address.substr(colon + 1)), patience));
  if (!context_ || context_->err) throw RedisError(context_ ? context_->errstr : "no memory");
  redisSetTimeout(context_.get(), patience);
}

std::vector<Reply> Redis::ask(const std::vector<Command>& commands) {
  const Stopwatch watch(metrics::redis_seconds);
  std::vector<const char*> words;
  std::vector<size_t> lengths;
  for (const Command& command : commands) {
    words.clear();
    lengths.clear();
    for (const std::string& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), words.data(), lengths.data());
  }
  std::vector<Reply> answers;
  for (size_t i = 0; i < commands.size(); i++) {
    void* answer = nullptr;
    if (redisGetReply(context_.get(), &answer) != REDIS_OK) throw RedisError(context_->errstr);
    answers.emplace_back(static_cast<redisReply*>(answer));
    if (answers.back()->type == REDIS_REPLY_ERROR) throw RedisError(text(answers.back().get()));
  }
  return answers;
}

std::vector<Reply> ask(const std::string& address, const std::vector<Command>& commands) {
  thread_local std::unique_ptr<Redis> connection;
  if (!connection) connection = std::make_unique<Redis>(address);
  try {
    return connection->ask(commands);
  } catch (const RedisError&) {
    connection.reset();
    throw;
  }
}

std::string text(const redisReply* reply) {
  return reply->str ? std::string(reply->str, static_cast<size_t>(reply->len)) : std::string();
}
