#include "turn/shell/turn_service.h"

#include <absl/strings/str_cat.h>

#include <atomic>

#include "common/io/listen_socket.h"
#include "common/io/shard.h"
#include "turn/shell/limits.h"
#include "turn/shell/turn_shard.h"

namespace noom::turn {

namespace {

constexpr Duration kStopGrace = std::chrono::seconds(2);  // for handlers already due

// Calls `done` once, when every shard has reported.
std::function<void()> once_all(uint32_t count, std::function<void()> done) {
  return [left = std::make_shared<std::atomic<uint32_t>>(count), done = std::move(done)] {
    if (left->fetch_sub(1) == 1) done();
  };
}

}  // namespace

struct TurnService::State {
  State(TurnServiceOptions o, LogSink& log);
  ~State() { stop(); }

  absl::Status open_listener(size_t index);
  void start();
  void stop();

  TurnServiceOptions options;
  StreamPlaces places;
  StreamPlaces dtls_places;
  io::ShardGroup threads;
  std::vector<std::unique_ptr<TurnShard>> shards;
  bool running = false;
};

TurnService::State::State(TurnServiceOptions o, LogSink& log)
    : options(std::move(o)),
      places(options.connections_max, options.connections_per_source_max),
      dtls_places(options.dtls_sessions_max, options.dtls_sessions_per_source_max),
      threads(options.settings->shard_count, "turn") {
  for (uint32_t i = 0; i < threads.size(); ++i) {
    shards.push_back(std::make_unique<TurnShard>(threads[i], options, places, dtls_places, log));
  }
}

absl::Status TurnService::State::open_listener(size_t index) {
  Listener& listener = options.listeners[index];
  const bool needs_tls =
      listener.or_tls || listener.transport == Transport::kTls || listener.transport == Transport::kDtls;
  if (needs_tls && (listener.tls == nullptr || listener.tls->get() == nullptr)) {
    const char* const name = is_stream(listener.transport) ? "tls " : "dtls ";
    return absl::InvalidArgumentError(absl::StrCat(name, listener.local.to_string(),
                                                   ": no certificate is configured; name tls.certificate and tls.key"));
  }
  const Transport transport = is_stream(listener.transport) ? Transport::kTcp : Transport::kUdp;
  if (absl::Status status = io::check_port_free(transport, listener.local); !status.ok()) return status;
  for (const auto& shard : shards) {
    // The first shard learns the port that a 0 became; the others join it.
    const absl::StatusOr<IpEndpoint> bound = shard->open_listener(index, listener.local);
    if (!bound.ok()) return bound.status();
    listener.local = *bound;
  }
  return absl::OkStatus();
}

void TurnService::State::start() {
  std::vector<TurnShard*> all;
  for (const auto& shard : shards) all.push_back(shard.get());
  for (const auto& shard : shards) shard->start(all);
  threads.start();
  running = true;
}

void TurnService::State::stop() {
  if (!running) return;
  running = false;
  threads.run_on_all([this](io::Shard& thread) { shards[thread.index()]->stop(); });
  threads.stop(kStopGrace);
}

TurnService::TurnService(std::unique_ptr<State> state) : state_(std::move(state)) {}
TurnService::~TurnService() = default;

absl::StatusOr<std::unique_ptr<TurnService>> TurnService::start(TurnServiceOptions options, LogSink& log,
                                                                std::optional<size_t>* failed_listener) {
  if (failed_listener != nullptr) failed_listener->reset();
  if (options.listeners.empty()) return absl::InvalidArgumentError("no listener is configured; name at least one");
  if (options.listeners.size() > kListenersMax) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kListenersMax, " listeners"));
  }
  auto state = std::make_unique<State>(std::move(options), log);
  for (size_t i = 0; i < state->options.listeners.size(); ++i) {
    if (absl::Status status = state->open_listener(i); !status.ok()) {
      if (failed_listener != nullptr) *failed_listener = i;
      return status;
    }
  }
  state->start();
  return std::unique_ptr<TurnService>(new TurnService(std::move(state)));
}

const std::vector<Listener>& TurnService::listeners() const {
  return state_->options.listeners;
}
uint32_t TurnService::shard_count() const {
  return state_->threads.size();
}
ShardStatsView TurnService::stats(uint32_t shard) const {
  return state_->shards[shard]->stats();
}

void TurnService::change_settings(std::shared_ptr<const Settings> settings) {
  for (const auto& shard : state_->shards)
    shard->thread().post([each = shard.get(), settings] { each->on_settings(settings); });
}

void TurnService::revoke(Revocation revocation) {
  const auto shared = std::make_shared<const Revocation>(std::move(revocation));
  for (const auto& shard : state_->shards)
    shard->thread().post([each = shard.get(), shared] { each->on_revoke(*shared); });
}

void TurnService::begin_drain(std::function<void()> drained) {
  const auto report = once_all(shard_count(), std::move(drained));
  for (const auto& shard : state_->shards) {
    shard->thread().post([each = shard.get(), report] { each->begin_drain(report); });
  }
}

void TurnService::heartbeat(std::function<void()> alive) {
  const auto report = once_all(shard_count(), std::move(alive));
  for (const auto& shard : state_->shards) shard->thread().post([report] { report(); });
}

void TurnService::stop() {
  state_->stop();
}

}  // namespace noom::turn
