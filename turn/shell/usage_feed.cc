#include "turn/shell/usage_feed.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/io/clocks.h"

namespace noom::turn {

namespace {

// Interim records of allocations that began together leave together.
constexpr Duration kTimerStep = std::chrono::milliseconds(100);

}  // namespace

UsageFeed::UsageFeed(boost::asio::io_context& context, uint32_t shard, UsageSink sink, Duration interval,
                     Traffic traffic)
    : shard_(shard), sink_(std::move(sink)), interval_(interval), traffic_(std::move(traffic)), timer_(context) {}

void UsageFeed::on_events(Now now, const std::vector<Event>& events) {
  if (sink_ == nullptr) return;
  for (const Event& event : events) {
    if (const auto* created = std::get_if<AllocationCreated>(&event)) begin(now, *created, nullptr);
    if (const auto* ended = std::get_if<AllocationEnded>(&event)) end(now, *ended);
  }
}

void UsageFeed::resume(Now now, const AllocationCreated& allocation, const AllocationTraffic& before) {
  if (sink_ != nullptr) begin(now, allocation, &before);
}

void UsageFeed::begin(Now now, const AllocationCreated& event, const AllocationTraffic* before) {
  UsageRecord record{.kind = UsageRecord::Kind::kStart,
                     .at = now.wall,
                     .shard = shard_,
                     .allocation = event.allocation,
                     .client = event.client,
                     .relayed = event.relayed,
                     .username = event.username,
                     .duration = {},
                     .traffic = {},
                     .reason = {},
                     .resumed = before != nullptr};
  sink_(record);
  const uint32_t index = event.allocation.index;
  if (index >= live_.size()) live_.resize(index + 1);
  record.kind = UsageRecord::Kind::kInterim;
  live_[index] = {.record = std::move(record),
                  .began = now.mono,
                  .before = before == nullptr ? AllocationTraffic{} : *before,
                  .lives = true};
  if (interval_ == Duration::zero()) return;
  due_.set(index, now.mono + interval_);
  arm();
}

void UsageFeed::end(Now now, const AllocationEnded& event) {
  const uint32_t index = event.allocation.index;
  if (index >= live_.size() || !live_[index].lives) return;
  due_.clear(index);
  live_[index].lives = false;
  UsageRecord record = record_of(now, live_[index], event.traffic);
  record.kind = UsageRecord::Kind::kStop;
  record.client = event.client;  // it may have moved
  record.reason = to_string(event.reason);
  sink_(std::move(record));
}

UsageRecord UsageFeed::record_of(Now now, const Live& live, const AllocationTraffic& traffic) {
  UsageRecord record = live.record;
  record.at = now.wall;
  record.duration = now.mono - live.began;
  record.traffic = {.packets_to_peers = traffic.packets_to_peers - live.before.packets_to_peers,
                    .bytes_to_peers = traffic.bytes_to_peers - live.before.bytes_to_peers,
                    .packets_to_client = traffic.packets_to_client - live.before.packets_to_client,
                    .bytes_to_client = traffic.bytes_to_client - live.before.bytes_to_client};
  return record;
}

std::optional<UsageRecord> UsageFeed::so_far(Now now, const Live& live) const {
  const auto traffic = traffic_(live.record.allocation);
  if (!traffic) return std::nullopt;
  return record_of(now, live, *traffic);
}

void UsageFeed::arm() {
  const auto next = due_.next();
  if (!next || armed_ || stopped_) return;
  armed_ = true;
  timer_.expires_at(std::chrono::steady_clock::time_point((*next + kTimerStep).time_since_epoch()));
  timer_.async_wait([this](boost::system::error_code error) {
    armed_ = false;
    if (!error) on_timer();
  });
}

void UsageFeed::on_timer() {
  const Now now = io::read_clocks();
  while (const auto index = due_.pop_due(now.mono)) {
    auto record = so_far(now, live_[*index]);
    if (!record) continue;
    sink_(*std::move(record));
    due_.set(*index, now.mono + interval_);
  }
  arm();
}

void UsageFeed::stop(Now now, std::string_view reason) {
  stopped_ = true;
  timer_.cancel();
  for (const Live& live : live_) {
    auto record = live.lives ? so_far(now, live) : std::nullopt;
    if (!record) continue;
    record->kind = UsageRecord::Kind::kStop;
    record->reason = reason;
    sink_(*std::move(record));
  }
  live_.clear();
}

}  // namespace noom::turn
