// Webhooks on their way out: a thread of its own that signs events and POSTs them to each receiver, over HTTP or HTTPS,
// until it says 2xx. Order, retries and bounds are WebhookQueue's.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/counter_table.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "signal/core/webhook_queue.h"

namespace noom::signal {

struct WebhookUrl {
  bool tls = false;
  std::string host;  // an IPv6 address without its brackets
  std::string port;
  std::string authority;  // as it stands in the URL, for Host
  std::string target;     // path and query

  // http and https without a user's name, RFC 3986; nullopt for anything else.
  static std::optional<WebhookUrl> parse(std::string_view text);
};

struct WebhookSettings {
  std::vector<WebhookUrl> urls;
  Secret secret;
  std::string ca_file;                          // of receivers' certificates; empty: the system's
  Duration timeout = std::chrono::seconds(10);  // of one attempt, from the look-up of the name to the status
  WebhookLimits limits;
};

enum class WebhookDrop : uint8_t { kQueueFull, kGaveUp, kShutdown, kCount };
std::string_view to_string(WebhookDrop drop);  // "queue_full", "gave_up", "shutdown"

struct WebhookStats {
  Counter delivered;
  Counter attempts_failed;
  Counter queued;  // now
  CounterTable<WebhookDrop> drops;
};

// `Noom-Signature`'s value: "t=…,v1=…", HMAC-SHA256 of "t.body" in hexadecimal.
std::string webhook_signature(const Secret& secret, int64_t unix_time_s, std::string_view body);

class WebhookSender {
 public:
  // Reads the CA file and starts the thread. `log` outlives the sender.
  static absl::StatusOr<std::unique_ptr<WebhookSender>> start(WebhookSettings settings, LogSink& log);
  virtual ~WebhookSender() = default;  // ends the thread; what waits is dropped and said in the log

  // Any thread; never waits. `room` keeps the order of its events.
  virtual void send(std::string room, Webhook event) = 0;
  // Ends once everything has been delivered, or tried, within `patience`. Any thread but its own.
  virtual void flush(Duration patience) = 0;
  virtual const WebhookStats& stats() const = 0;  // any thread
};

}  // namespace noom::signal
