#include "common/usage/usage_recorder.h"

#include <array>
#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <utility>

#include "common/base/hex.h"
#include "common/base/log_limit.h"
#include "common/io/clocks.h"
#include "common/io/shard.h"
#include "common/io/system_random.h"
#include "common/post/post_attempt.h"
#include "common/post/post_signature.h"

namespace noom {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kBatchBytes = 256 * 1024;
constexpr Duration kSyncInterval = std::chrono::seconds(1);
constexpr Duration kPatienceAtEnd = std::chrono::seconds(5);

// "1764000000.123", Unix time.
std::string seconds_text(Wall at) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03d", static_cast<long long>(ms / 1000), static_cast<int>(ms % 1000));
  return text.data();
}

class Recorder final : public UsageRecorder {
 public:
  Recorder(UsageSettings settings, Spool spool, std::shared_ptr<asio::ssl::context> tls, LogSink& log)
      : settings_(std::move(settings)),
        spool_(std::move(spool)),
        tls_(std::move(tls)),
        log_(log),
        boot_(draw_boot()),
        shard_(0, "usage"),
        sync_timer_(shard_.context()),
        retry_timer_(shard_.context()) {
    stats_.spool_bytes.set(spool_.bytes());
    keep(line_of("node.on", io::read_clocks().wall, {}));
    shard_.post([this] {
      sync_later();
      deliver();
    });
    shard_.start();
  }
  ~Recorder() override {
    shard_.post([this] {
      ending_ = true;
      count_refused();
      keep(line_of("node.off", io::read_clocks().wall, {}));
      spool_.sync();
      shard_.stop();
    });
    if (!shard_.wait_finished(kPatienceAtEnd)) shard_.stop();
    shard_.join();
  }

  void record(std::string_view type, Wall at, std::string members) override {
    post([this, type = std::string(type), at, members = std::move(members)] { keep(line_of(type, at, members)); });
  }
  void record_whole(std::string line) override {
    post([this, line = std::move(line)] { keep(line); });
  }
  const UsageStats& stats() const override { return stats_; }

 private:
  // Of this process: ids of another one are others.
  static std::string draw_boot() {
    std::array<std::byte, 3> drawn{};
    io::SystemRandom().fill(drawn);
    return std::to_string(unix_seconds(io::read_clocks().wall)) + "-" + to_hex(drawn);
  }

  // Never waits: while the disk does, so many records wait for it, and no more.
  void post(absl::AnyInvocable<void()> keep_it) {
    if (queued_.fetch_add(1, std::memory_order_relaxed) >= settings_.queue_max) {
      queued_.fetch_sub(1, std::memory_order_relaxed);
      refused_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    shard_.post([this, keep_it = std::move(keep_it)]() mutable {
      queued_.fetch_sub(1, std::memory_order_relaxed);
      keep_it();
      deliver();
    });
  }
  void count_refused() {
    if (const uint64_t refused = refused_.exchange(0, std::memory_order_relaxed); refused > 0)
      drop(UsageDrop::kQueueFull, refused, settings_.folder + " is on a slow disk", "name a folder on a faster one");
  }

  std::string line_of(std::string_view type, Wall at, std::string_view members) {
    return "{\"id\":\"" + boot_ + "-" + std::to_string(++number_) + "\",\"type\":\"" + std::string(type) +
           "\",\"time\":" + seconds_text(at) + ",\"node\":\"" + settings_.node + "\",\"boot\":\"" + boot_ + "\"" +
           (members.empty() ? "" : ",") + std::string(members) + "}";
  }

  void keep(std::string_view line) {
    const Spool::Kept kept = spool_.append(line);
    stats_.spool_bytes.set(spool_.bytes());
    if (kept == Spool::Kept::kYes) {
      stats_.records.add();
      if (std::exchange(losing_, false)) log_.info("usage_kept_again");
      return;
    }
    if (kept == Spool::Kept::kFull)
      return drop(UsageDrop::kSpoolFull, 1, settings_.folder + " holds usage.spool_bytes",
                  settings_.url ? "see why the receiver takes nothing" : "collect the files");
    drop(UsageDrop::kWriteFailed, 1, spool_.failure(), "make room there; what is kept already is not lost");
  }
  void drop(UsageDrop reason, uint64_t count, const std::string& error, std::string_view remedy) {
    stats_.drops[reason].add(count);
    losing_ = true;
    if (const auto suppressed = drops_logged_.admit(io::read_clocks().mono))
      log_.error("usage_dropped",
                 {{"reason", to_string(reason)}, {"error", error}, {"remedy", remedy}, {"suppressed", *suppressed}});
  }

  void sync_later() {
    sync_timer_.expires_after(kSyncInterval);
    sync_timer_.async_wait([this](error_code error) {
      if (error) return;
      count_refused();
      spool_.sync();
      sync_later();
    });
  }

  void deliver() {
    if (!settings_.url || sending_ || waiting_ || ending_) return;
    Spool::Batch batch = spool_.next(kBatchBytes);
    if (batch.count == 0) return;
    sending_ = true;
    const Now now = io::read_clocks();
    const Post post{boot_, batch.lines};
    const PostHeaders headers{{"Content-Type", "application/x-ndjson"},
                              {"Noom-Signature", post_signature(settings_.secret, unix_seconds(now.wall), post.body)}};
    batch.lines.clear();
    start_post(shard_.context(), *tls_, *settings_.url, post, headers, settings_.timeout,
               [this, batch = std::move(batch)](const PostResult& result) { on_result(batch, result); });
  }

  void on_result(const Spool::Batch& batch, const PostResult& result) {
    sending_ = false;
    if (!result.accepted()) return on_refused(result.reason());
    spool_.take(batch);
    stats_.delivered.add(batch.count);
    stats_.spool_bytes.set(spool_.bytes());
    backoff_ = settings_.backoff_first;
    if (std::exchange(failing_, false)) log_.info("usage_accepted", {{"receiver", settings_.url->authority}});
    deliver();
  }

  // The log says when it begins and when it is over, not each time.
  void on_refused(const std::string& reason) {
    stats_.attempts_failed.add();
    if (!std::exchange(failing_, true))
      log_.warning("usage_refused", {{"receiver", settings_.url->authority}, {"reason", reason}});
    waiting_ = true;
    retry_timer_.expires_after(backoff_);
    backoff_ = std::min(2 * backoff_, settings_.backoff_max);
    retry_timer_.async_wait([this](error_code error) {
      if (error) return;
      waiting_ = false;
      deliver();
    });
  }

  const UsageSettings settings_;
  Spool spool_;
  std::shared_ptr<asio::ssl::context> tls_;
  LogSink& log_;
  const std::string boot_;
  std::atomic<uint64_t> queued_ = 0;   // on their way to this thread
  std::atomic<uint64_t> refused_ = 0;  // since count_refused()
  uint64_t number_ = 0;
  UsageStats stats_;
  LogLimit drops_logged_;
  Duration backoff_ = settings_.backoff_first;
  bool sending_ = false;
  bool waiting_ = false;  // for the next attempt
  bool failing_ = false;  // as the log has said
  bool losing_ = false;
  bool ending_ = false;
  io::Shard shard_;  // the timers live in its context
  asio::steady_timer sync_timer_;
  asio::steady_timer retry_timer_;
};

}  // namespace

std::string_view to_string(UsageDrop drop) {
  switch (drop) {
    case UsageDrop::kSpoolFull:
      return "spool_full";
    case UsageDrop::kWriteFailed:
      return "write_failed";
    case UsageDrop::kQueueFull:
    case UsageDrop::kCount:
      break;
  }
  return "queue_full";
}

absl::StatusOr<std::unique_ptr<UsageRecorder>> UsageRecorder::start(UsageSettings settings, LogSink& log) {
  auto tls = make_post_tls(settings.ca_file);
  if (!tls.ok()) return tls.status();
  auto spool = Spool::open(settings.folder, settings.limits);
  if (!spool.ok()) return spool.status();
  return std::make_unique<Recorder>(std::move(settings), *std::move(spool), *std::move(tls), log);
}

}  // namespace noom
