// A TurnService on loopback with ports from the kernel, relaying on a loopback address of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/io/clocks.h"
#include "tests/unit/common/io/certificate.h"
#include "tests/unit/turn/shell/turn_client.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {

// Keeps the names of the events.
class RecordingLog final : public LogSink {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view event, std::initializer_list<LogField>) override {
    std::lock_guard lock(mutex_);
    events_.emplace_back(event);
  }
  size_t count(std::string_view event) const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count(events_.begin(), events_.end(), event));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

const IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

// Tests that run at the same time must not meet on a relay port: each process has an address in 127/8.
inline IpAddress relay_address() {
  const auto pid = static_cast<uint32_t>(::getpid());
  return IpAddress::v4(127, static_cast<uint8_t>(1 + pid / 65536 % 250), static_cast<uint8_t>(pid / 256),
                       static_cast<uint8_t>(pid));
}

class ServiceFixture {
 public:
  TurnServiceOptions options(uint32_t shards) {
    auto credentials = std::make_shared<auth::CredentialStore>();
    credentials->add_user(kUser, Secret(std::string_view(kPassword)));
    auto settings = std::make_shared<Settings>();
    settings->realm = kRealm;
    settings->credentials = credentials;
    settings->peer_policy = std::make_shared<auth::PeerPolicy>(
        std::vector{*auth::IpPrefix::parse("127.0.0.0/8"), *auth::IpPrefix::parse("::1")},
        std::vector<auth::IpPrefix>(), std::vector<IpAddress>());
    settings->relay_addresses = {{relay_address(), relay_address()}};
    settings->shard_count = shards;
    tls = std::make_shared<io::TlsContextSlot>(*io::TlsContext::load(certificate.options(), io::read_clocks().wall));
    TurnServiceOptions result;
    result.listeners = {{"listen.udp", Transport::kUdp, {kLoopback, 0}},
                        {"listen.tcp", Transport::kTcp, {kLoopback, 0}},
                        {"listen.tls", Transport::kTls, {kLoopback, 0}, false, tls}};
    result.settings = settings;
    result.shared = std::make_shared<Shared>(Secret("0123456789abcdef"), std::chrono::hours(1));
    return result;
  }
  void start(TurnServiceOptions with) {
    auto started = TurnService::start(std::move(with), log);
    ASSERT_TRUE(started.ok()) << started.status();
    service = *std::move(started);
  }
  void start(uint32_t shards = 1) { start(options(shards)); }

  IpEndpoint endpoint(Transport transport) const {
    for (const Listener& listener : service->listeners()) {
      if (listener.transport == transport) return listener.local;
    }
    return {};
  }
  // Adds up `read(ShardStatsView)` over the shards.
  template <typename Read>
  uint64_t sum(Read&& read) const {
    uint64_t total = 0;
    for (uint32_t shard = 0; shard < service->shard_count(); ++shard) total += read(service->stats(shard));
    return total;
  }
  uint64_t live_allocations() const {
    return sum([](const ShardStatsView& stats) {
      uint64_t live = 0;
      for (const auto& by_family : stats.core.allocations) {
        for (const AllocationCounts& counts : by_family) live += counts.live.value();
      }
      return live;
    });
  }
  // Lets the shards turn until the condition holds; false past the deadline.
  template <typename Condition>
  bool wait_for(Condition&& condition) const {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::promise<void> alive;
      service->heartbeat([&] { alive.set_value(); });
      alive.get_future().wait();
    }
    return true;
  }

  io::TestCertificate certificate;
  std::shared_ptr<io::TlsContextSlot> tls;
  RecordingLog log;
  std::unique_ptr<TurnService> service;
};

}  // namespace noom::turn
