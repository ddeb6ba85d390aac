#include "common/io/shard.h"

#include <pthread.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <latch>

namespace noom::io {

Shard::Shard(uint32_t index, std::string thread_name)
    : index_(index),
      thread_name_(std::move(thread_name)),
      context_(1),  // one thread runs it: Asio then hands work over without waking anybody
      work_(context_.get_executor()),
      lag_(context_),
      finish_(finished_.get_future()) {}

Shard::~Shard() {
  stop();
  join();
}

void Shard::post(absl::AnyInvocable<void()> work) {
  boost::asio::post(context_, std::move(work));
}

void Shard::start() {
  thread_ = std::thread([this] { run(); });
}

void Shard::run() noexcept {
  ::pthread_setname_np(::pthread_self(), thread_name_.substr(0, 15).c_str());
  lag_.start();
  context_.run();
  finished_.set_value();
}

void Shard::release() {
  boost::asio::post(context_, [this] {
    work_.reset();
    lag_.stop();
  });
}

void Shard::stop() {
  context_.stop();
}

bool Shard::wait_finished(Duration patience) {
  return !thread_.joinable() || finish_.wait_for(patience) == std::future_status::ready;
}

void Shard::join() {
  if (thread_.joinable()) thread_.join();
}

ShardGroup::ShardGroup(uint32_t count, std::string_view name) {
  for (uint32_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(i, std::string(name) + "/" + std::to_string(i)));
  }
}

ShardGroup::~ShardGroup() {
  stop(Duration::zero());
}

void ShardGroup::start() {
  for (const auto& shard : shards_) shard->start();
}

void ShardGroup::run_on_all(const std::function<void(Shard&)>& work) {
  std::latch done(static_cast<std::ptrdiff_t>(shards_.size()));
  for (const auto& shard : shards_) {
    shard->post([&work, &done, each = shard.get()] {
      work(*each);
      done.count_down();
    });
  }
  done.wait();
}

void ShardGroup::stop(Duration grace) {
  const Mono give_up = read_clocks().mono + grace;
  for (const auto& shard : shards_) shard->release();
  for (const auto& shard : shards_) {
    if (!shard->wait_finished(std::max(Duration::zero(), give_up - read_clocks().mono))) shard->stop();
    shard->join();
  }
}

}  // namespace noom::io
