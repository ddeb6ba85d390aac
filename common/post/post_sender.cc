#include "common/post/post_sender.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/base/log_limit.h"
#include "common/io/clocks.h"
#include "common/io/shard.h"
#include "common/io/system_random.h"
#include "common/post/post_attempt.h"

namespace noom {
namespace {

namespace asio = boost::asio;

class Sender;

// One receiver: what waits for it, and the requests that are on their way.
class Receiver {
 public:
  Receiver(Sender& sender, PostUrl url, const PostLimits& limits, asio::io_context& io)
      : sender_(sender), url_(std::move(url)), queue_(limits), timer_(io) {}

  void push(Now now, std::string_view room, const std::shared_ptr<const Post>& event);
  void send_due(Now now);
  void stop() { timer_.cancel(); }
  size_t waiting() const { return queue_.size(); }

 private:
  void on_result(size_t lane, const PostResult& result);
  void set_timer();

  Sender& sender_;
  PostUrl url_;
  PostQueue queue_;
  asio::steady_timer timer_;
  bool failing_ = false;  // as the log has said
};

class Sender final : public PostSender {
 public:
  Sender(PostKind kind, PostSettings settings, std::shared_ptr<asio::ssl::context> tls, LogSink& log)
      : kind_(std::move(kind)),
        settings_(std::move(settings)),
        tls_(std::move(tls)),
        log_(log),
        shard_(0, std::string(kind_.name)) {
    for (const PostUrl& url : settings_.urls)
      receivers_.push_back(std::make_unique<Receiver>(*this, url, settings_.limits, shard_.context()));
    shard_.start();
  }
  ~Sender() override {
    shard_.stop();
    shard_.join();
    uint64_t lost = 0;
    for (const auto& receiver : receivers_) lost += receiver->waiting();
    stats_.drops[PostDrop::kShutdown].add(lost);
    if (lost > 0) log_.warning(event("s_dropped"), {{"reason", to_string(PostDrop::kShutdown)}, {"events", lost}});
  }

  void send(std::string room, Post event) override {
    shard_.post([this, room = std::move(room), event = std::make_shared<const Post>(std::move(event))] {
      const Now now = io::read_clocks();
      for (const auto& receiver : receivers_) receiver->push(now, room, event);
    });
  }
  void flush(Duration patience) override {
    const auto until = std::chrono::steady_clock::now() + patience;
    const auto seen = std::make_shared<bool>(false);  // what was sent before has been queued
    std::unique_lock lock(mutex_);
    shard_.post([this, seen] {
      const std::lock_guard guard(mutex_);
      *seen = true;
      idle_.notify_all();
    });
    idle_.wait_until(lock, until, [&] { return *seen && stats_.queued.value() == 0; });
  }
  const PostStats& stats() const override { return stats_; }

  // ---- for receivers, on the sender's thread ----
  const PostKind& kind() const { return kind_; }
  const PostSettings& settings() const { return settings_; }
  std::string event(std::string_view what) const { return std::string(kind_.name) + std::string(what); }
  asio::io_context& io() { return shard_.context(); }
  asio::ssl::context& tls() { return *tls_; }
  Random& random() { return random_; }
  LogSink& log() { return log_; }
  PostStats& counted() { return stats_; }
  void dropped(Now now, PostDrop reason, const PostUrl& url) {
    stats_.drops[reason].add();
    if (const auto suppressed = drops_logged_.admit(now.mono))
      log_.warning(event("_dropped"),
                   {{"reason", to_string(reason)}, {"receiver", url.authority}, {"suppressed", *suppressed}});
  }
  void recount() {
    size_t waiting = 0;
    for (const auto& receiver : receivers_) waiting += receiver->waiting();
    stats_.queued.set(waiting);
    if (waiting > 0) return;
    const std::lock_guard guard(mutex_);
    idle_.notify_all();
  }

 private:
  const PostKind kind_;
  const PostSettings settings_;
  std::shared_ptr<asio::ssl::context> tls_;
  LogSink& log_;
  PostStats stats_;
  io::SystemRandom random_;
  LogLimit drops_logged_;
  std::mutex mutex_;
  std::condition_variable idle_;
  io::Shard shard_;  // before receivers_, whose timers live in its context
  std::vector<std::unique_ptr<Receiver>> receivers_;
};

void Receiver::push(Now now, std::string_view room, const std::shared_ptr<const Post>& event) {
  for (size_t dropped = queue_.push(now, room, event); dropped > 0; --dropped)
    sender_.dropped(now, PostDrop::kQueueFull, url_);
  sender_.recount();
  send_due(now);
}

void Receiver::send_due(Now now) {
  while (const auto due = queue_.take(now)) {
    start_post(sender_.io(), sender_.tls(), url_, *due->event, sender_.kind().headers(now, *due->event),
               sender_.settings().timeout,
               [this, lane = due->lane](const PostResult& result) { on_result(lane, result); });
  }
  set_timer();
}

// The log says when a receiver begins to refuse and when it takes events again, not each time.
void Receiver::on_result(size_t lane, const PostResult& result) {
  const Now now = io::read_clocks();
  const bool accepted = result.accepted();
  if (accepted) sender_.counted().delivered.add();
  if (!accepted) sender_.counted().attempts_failed.add();
  if (accepted == failing_) {
    failing_ = !accepted;
    if (failing_)
      sender_.log().warning(sender_.event("_refused"), {{"receiver", url_.authority}, {"reason", result.reason()}});
    if (!failing_) sender_.log().info(sender_.event("_accepted"), {{"receiver", url_.authority}});
  }
  if (queue_.on_result(now, lane, accepted, sender_.random())) sender_.dropped(now, PostDrop::kGaveUp, url_);
  sender_.recount();
  send_due(now);
}

void Receiver::set_timer() {
  const auto next = queue_.next_deadline();
  if (!next) return;
  timer_.expires_at(std::chrono::steady_clock::time_point(next->time_since_epoch()));
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) send_due(io::read_clocks());
  });
}

}  // namespace

std::string_view to_string(PostDrop drop) {
  switch (drop) {
    case PostDrop::kQueueFull:
      return "queue_full";
    case PostDrop::kGaveUp:
      return "gave_up";
    default:
      return "shutdown";
  }
}

absl::StatusOr<std::unique_ptr<PostSender>> PostSender::start(PostKind kind, PostSettings settings, LogSink& log) {
  auto tls = make_post_tls(settings.ca_file);
  if (!tls.ok()) return tls.status();
  return std::make_unique<Sender>(std::move(kind), std::move(settings), *std::move(tls), log);
}

}  // namespace noom
