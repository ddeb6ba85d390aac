// Usage records on their way out: a thread of its own that spools them and POSTs them, in batches of JSON lines and in
// their order, until the receiver says 2xx. A batch may come twice (a crash between answer and note); a record has an
// id.
//
//   node.on … what happens … node.off        node.on again without node.off: the process died, and what was going on
//   ended
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/counter_table.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/post/post_sender.h"
#include "common/usage/spool.h"

namespace noom {

struct UsageSettings {
  std::string folder;
  std::string node;  // as records name it
  SpoolLimits limits;
  uint64_t queue_max = 65'536;  // records that wait for the disk
  std::optional<PostUrl> url;   // without one, files are for others to collect
  Secret secret;                // signs what is POSTed
  std::string ca_file;          // empty: the system's authorities
  Duration timeout = std::chrono::seconds(10);
  Duration backoff_first = std::chrono::milliseconds(500);
  Duration backoff_max = std::chrono::seconds(60);
};

enum class UsageDrop : uint8_t {
  kSpoolFull,    // usage.spool_bytes
  kWriteFailed,  // a full disk
  kQueueFull,    // a disk that takes records slower than they come
  kCount,
};
std::string_view to_string(UsageDrop drop);

struct UsageStats {
  Counter records;  // spooled
  Counter delivered;
  Counter attempts_failed;  // POSTs of batches
  Counter spool_bytes;      // now
  CounterTable<UsageDrop> drops;
};

class UsageRecorder {
 public:
  // Opens the spool, writes node.on and starts the thread. `log` outlives the recorder.
  static absl::StatusOr<std::unique_ptr<UsageRecorder>> start(UsageSettings settings, LogSink& log);
  // Writes what was recorded and node.off; what waits for the receiver waits for the next process.
  virtual ~UsageRecorder() = default;

  // Any thread; never waits. `members`: what the record holds beside id, type, time and node, as "\"a\":1,\"b\":\"x\"".
  virtual void record(std::string_view type, Wall at, std::string members) = 0;
  // A record that is whole: one JSON object in one line, with an id of its own.
  virtual void record_whole(std::string line) = 0;
  virtual const UsageStats& stats() const = 0;  // any thread
};

}  // namespace noom
