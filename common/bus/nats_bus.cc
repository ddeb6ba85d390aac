#include "common/bus/nats_bus.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "common/bus/nats_connection.h"
#include "common/io/system_random.h"

namespace noom::bus {
namespace {

// What has been published before the end is still to arrive: a node's farewell.
constexpr Duration kLastFlush = std::chrono::seconds(1);

// Three kinds of threads: the user's, this bus's one worker, which connects and publishes, and libnats' own.
class NatsBus final : public Bus, private NatsListener {
 public:
  NatsBus(NatsOptions options, Post post, LogSink& log)
      : options_(std::move(options)), post_(std::move(post)), log_(log), worker_([this] { work(); }) {}
  ~NatsBus() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }

  void subscribe(std::string subject, Handler handler) override {
    handlers_.push_back(std::make_unique<Handler>(std::move(handler)));
    {
      const std::lock_guard lock(mutex_);
      subjects_.push_back(std::move(subject));
    }
    changed_.notify_all();
  }

  absl::Status publish(std::string_view subject, std::string bytes) override {
    {
      const std::lock_guard lock(mutex_);
      if (!connected_) {
        ++stats_.dropped_disconnected;
        return absl::UnavailableError(absl::StrCat("no connection with NATS: ", reason_));
      }
      if (queued_bytes_ + bytes.size() > options_.queue_bytes_max) {
        ++stats_.dropped_full;
        return absl::ResourceExhaustedError("NATS takes messages too slowly");
      }
      queued_bytes_ += bytes.size();
      queue_.push_back({std::string(subject), std::move(bytes)});
    }
    changed_.notify_all();
    return absl::OkStatus();
  }

  void on_state(std::function<void(const BusState&)> handler) override {
    on_state_ = std::move(handler);
    // One that was posted before has been heard already.
    if (state_.connected) to_user([this] { on_state_(state_); });
  }
  const BusState& state() const override { return state_; }
  const BusStats& stats() const override { return stats_; }

 private:
  struct Queued {
    std::string subject;
    std::string bytes;
  };

  // The user's thread runs it, unless the bus is gone by then.
  template <typename Work>
  void to_user(Work work) {
    post_([alive = std::weak_ptr<const bool>(alive_), work = std::move(work)]() mutable {
      if (!alive.expired()) work();
    });
  }

  // libnats' threads.
  void on_closed(std::string reason) override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = std::move(reason);
    }
    changed_.notify_all();
  }
  void on_message(size_t subscription, std::string_view bytes) override {
    if (unhandled_bytes_ + bytes.size() > options_.unhandled_bytes_max) return on_dropped();
    unhandled_bytes_ += bytes.size();
    to_user([this, subscription, message = std::string(bytes)] {
      unhandled_bytes_ -= message.size();
      ++stats_.messages_in;
      stats_.bytes_in += message.size();
      (*handlers_[subscription])(message);
    });
  }
  void on_dropped() override { ++stats_.dropped_unhandled; }

  // The worker.
  void work() {
    const NatsLibrary library;
    size_t server = random_.below(static_cast<uint32_t>(options_.servers.size()));
    Duration retry_after = options_.retry_min;
    while (!stopping()) {
      if (work_with(options_.servers[server])) retry_after = options_.retry_min;
      server = (server + 1) % options_.servers.size();
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, jittered(retry_after), [this] { return stopping_; });
      retry_after = std::min(2 * retry_after, options_.retry_max);
    }
  }
  // Whether there was a connection.
  bool work_with(const std::string& server) {
    {
      const std::lock_guard lock(mutex_);
      closed_.reset();
    }
    auto connection = NatsConnection::open(options_, server, *this);
    if (!connection.ok()) {
      say_unreachable(server, connection.status());
      return false;
    }
    size_t subscribed = 0;
    absl::Status status = subscribe_further(**connection, subscribed);
    if (status.ok()) status = (*connection)->flush(options_.connect_timeout);
    if (!status.ok()) {
      say_unreachable(server, status);
      return false;
    }
    say_connected(server);
    say_lost(server, serve(**connection, subscribed));
    return true;
  }
  // Until the connection is lost, or the bus ends.
  absl::Status serve(NatsConnection& connection, size_t& subscribed) {
    for (;;) {
      std::deque<Queued> batch;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || closed_ || !queue_.empty() || subscribed < subjects_.size(); });
        if (closed_) return absl::UnavailableError(*closed_);
        if (stopping_ && queue_.empty()) break;
        batch.swap(queue_);
      }
      absl::Status status = subscribe_further(connection, subscribed);
      while (status.ok() && !batch.empty()) {
        status = send(connection, batch.front());
        batch.pop_front();
      }
      if (status.ok()) continue;
      stats_.dropped_disconnected += batch.size();
      return status;
    }
    return connection.flush(kLastFlush);
  }
  absl::Status send(NatsConnection& connection, const Queued& message) {
    const absl::Status status = connection.publish(message.subject, message.bytes);
    ++(status.ok() ? stats_.messages_out : stats_.dropped_disconnected);
    if (status.ok()) stats_.bytes_out += message.bytes.size();
    const std::lock_guard lock(mutex_);
    queued_bytes_ -= message.bytes.size();
    return status;
  }
  absl::Status subscribe_further(NatsConnection& connection, size_t& subscribed) {
    std::vector<std::string> subjects;
    {
      const std::lock_guard lock(mutex_);
      subjects.assign(subjects_.begin() + static_cast<std::ptrdiff_t>(subscribed), subjects_.end());
    }
    for (const std::string& subject : subjects)
      if (const absl::Status status = connection.subscribe(subject, subscribed++); !status.ok()) return status;
    return absl::OkStatus();
  }

  void say_connected(const std::string& server) {
    ++stats_.connects;
    log_.info("bus_connected", {{"server", server}});
    said_.clear();
    {
      const std::lock_guard lock(mutex_);
      connected_ = true;
    }
    change_state({true, server, {}});
  }
  void say_lost(const std::string& server, const absl::Status& why) {
    const std::string reason(why.message());
    {
      const std::lock_guard lock(mutex_);
      connected_ = false;
      reason_ = reason;
      stats_.dropped_disconnected += queue_.size();
      queue_.clear();
      queued_bytes_ = 0;
    }
    if (stopping()) return;
    ++stats_.losses;
    log_.warning("bus_lost", {{"server", server}, {"reason", reason}});
    change_state({false, server, reason});
  }
  // Once for each reason, until there is a connection.
  void say_unreachable(const std::string& server, const absl::Status& why) {
    const std::string reason(why.message());
    {
      const std::lock_guard lock(mutex_);
      reason_ = reason;
    }
    if (said_.size() < kReasonsMax && said_.insert(absl::StrCat(server, " ", reason)).second)
      log_.warning("bus_unreachable", {{"server", server}, {"reason", reason}, {"retry", "for ever"}});
    change_state({false, server, reason});
  }
  void change_state(BusState state) {
    to_user([this, state = std::move(state)]() mutable {
      const bool changed = state.connected != state_.connected;
      state_ = std::move(state);
      if (changed && on_state_) on_state_(state_);
    });
  }
  Duration jittered(Duration most) {
    const auto half = std::chrono::duration_cast<std::chrono::microseconds>(most) / 2;
    return half + std::chrono::microseconds(random_.below(static_cast<uint32_t>(half.count()) + 1));
  }
  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  static constexpr size_t kReasonsMax = 100;

  const NatsOptions options_;
  const Post post_;
  LogSink& log_;
  BusStats stats_;
  std::atomic<size_t> unhandled_bytes_{0};

  // The user's thread only.
  std::vector<std::unique_ptr<Handler>> handlers_;  // by subscription
  std::function<void(const BusState&)> on_state_;
  BusState state_{false, {}, "not connected yet"};
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);

  // The worker only.
  io::SystemRandom random_;
  std::set<std::string> said_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool connected_ = false;
  std::string reason_ = "not connected yet";
  std::optional<std::string> closed_;
  std::deque<Queued> queue_;
  size_t queued_bytes_ = 0;
  std::vector<std::string> subjects_;

  std::thread worker_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Bus> connect_nats(NatsOptions options, Post post, LogSink& log) {
  return std::make_unique<NatsBus>(std::move(options), std::move(post), log);
}

}  // namespace noom::bus
