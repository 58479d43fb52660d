// What X-Ray is told of a request: a segment, and a subsegment for each call that answering it took.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace xray {
// Where a trace comes from and whether it is kept, "Root=1-…;Parent=…;Sampled=1":
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
struct Trace {
  std::string root, parent;
  bool sampled = false;

  std::string header(const std::string& parent_of_next) const;
};

// A request, from now until it is sent. What is not sampled is followed, and not told.
class Segment {
 public:
  // `header`: the request's X-Amzn-Trace-Id, "" where there is none.
  Segment(const std::string& header, const std::string& method, const std::string& path, const std::string& host);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  void answered(int status);
  void annotate(const std::string& key, const std::string& value);
  std::string header() const { return trace_.header(id_); }

 private:
  friend class Call;
  Trace trace_;
  std::string id_;
  nlohmann::json document_;
};

// A call of another service, or of the database, from now until its end.
class Call {
 public:
  // `kind`: "remote", or "" for what is no service.
  Call(Segment& segment, const std::string& name, const std::string& kind);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void asked(const std::string& method, const std::string& url);
  void answered(int status);
  void sql(const std::string& statement);
  void failed(const std::string& words);
  std::string header() const { return segment_.trace_.header(id_); }

 private:
  Segment& segment_;
  std::string id_;
  nlohmann::json document_;
};

// Begin to learn what to sample, from the agent at AWS_XRAY_DAEMON_ADDRESS. Without one nothing is told.
void start(const std::string& service);
}  // namespace xray
