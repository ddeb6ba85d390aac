// Messages on their way out: a thread of its own that POSTs them to each receiver, over HTTP or HTTPS,
// until it says 2xx. Order, retries and bounds are PostQueue's.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/counter_table.h"
#include "common/base/log.h"
#include "common/base/time.h"
#include "common/post/post_queue.h"

namespace noom {

struct PostUrl {
  bool tls = false;
  std::string host;  // an IPv6 address without its brackets
  std::string port;
  std::string authority;  // as it stands in the URL, for Host
  std::string target;     // path and query

  // http and https without a user's name, RFC 3986; nullopt for anything else.
  static std::optional<PostUrl> parse(std::string_view text);
};

using PostHeaders = std::vector<std::pair<std::string, std::string>>;

// What is sent, as the log says it, and how a receiver knows who says it.
struct PostKind {
  std::string_view name;  // "webhook", a literal: the thread's, and events' as webhook_refused
  std::function<PostHeaders(Now, const Post&)> headers;
};

struct PostSettings {
  std::vector<PostUrl> urls;
  std::string ca_file;                          // of receivers' certificates; empty: the system's
  Duration timeout = std::chrono::seconds(10);  // of one attempt, from the look-up of the name to the status
  PostLimits limits;
};

enum class PostDrop : uint8_t { kQueueFull, kGaveUp, kShutdown, kCount };
std::string_view to_string(PostDrop drop);  // "queue_full", "gave_up", "shutdown"

struct PostStats {
  Counter delivered;
  Counter attempts_failed;
  Counter queued;  // now
  CounterTable<PostDrop> drops;
};

class PostSender {
 public:
  // Reads the CA file and starts the thread. `log` outlives the sender.
  static absl::StatusOr<std::unique_ptr<PostSender>> start(PostKind kind, PostSettings settings, LogSink& log);
  virtual ~PostSender() = default;  // ends the thread; what waits is dropped and said in the log

  // Any thread; never waits. What has the same key arrives in its order.
  virtual void send(std::string key, Post post) = 0;
  // Ends once everything has been delivered, or tried, within `patience`. Any thread but its own.
  virtual void flush(Duration patience) = 0;
  virtual const PostStats& stats() const = 0;  // any thread
};

}  // namespace noom
