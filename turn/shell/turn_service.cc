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
  void take_over();
  void stop();

  TurnServiceOptions options;
  LogSink& log;
  StreamPlaces places;
  StreamPlaces dtls_places;
  io::ShardGroup threads;
  std::vector<std::unique_ptr<TurnShard>> shards;
  bool running = false;
};

TurnService::State::State(TurnServiceOptions o, LogSink& l)
    : options(std::move(o)),
      log(l),
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
  if (options.left != nullptr) take_over();
  threads.start();
  running = true;
}

void TurnService::State::take_over() {
  LeftService& left = *options.left;
  fit(left, options.listeners);
  size_t kept = 0;
  uint32_t lost = left.unusable;
  uint64_t connections = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    SavedShardWhole& saved = left.saved.shards[i];
    connections += saved.streams.size();
    const Restored restored = shards[i]->restore(std::move(saved), left.fds);
    kept += restored.allocations.size();
    lost += restored.lost;
  }
  log.info("state_restored", {{"allocations", kept}, {"lost", lost}, {"connections", connections}});
  options.left.reset();  // with the descriptors that nobody has a use for
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

TurnService::Leaving TurnService::leave() {
  State& state = *state_;
  Leaving leaving;
  std::atomic<uint64_t> ended = 0;
  state.threads.run_on_all([&](io::Shard& thread) { ended += state.shards[thread.index()]->pause(); });
  leaving.ended = ended;
  SavedService saved;
  saved.nonce_key = state.options.shared->nonce_key.reveal();
  for (const Listener& each : state.options.listeners)
    saved.listeners.push_back({each.transport, each.or_tls, each.local});
  std::vector<SavedShardWhole> shards(shard_count());
  std::vector<std::vector<int>> fds(shard_count());
  state.threads.run_on_all(
      [&](io::Shard& thread) { shards[thread.index()] = state.shards[thread.index()]->save(fds[thread.index()]); });
  for (uint32_t i = 0; i < shard_count(); ++i) {
    const auto base = static_cast<uint32_t>(leaving.fds.size());
    for (SavedSocket& relay : shards[i].relays) relay.fd += base;
    for (SavedStream& stream : shards[i].streams) stream.fd += base;
    for (uint32_t& listener : shards[i].listeners) listener += base;
    leaving.fds.insert(leaving.fds.end(), fds[i].begin(), fds[i].end());
    leaving.allocations += shards[i].core.allocations.size();
    leaving.connections += shards[i].streams.size();
    saved.shards.push_back(std::move(shards[i]));
  }
  leaving.bytes = encode(saved);
  secure_zero(std::as_writable_bytes(std::span(saved.nonce_key)));
  return leaving;
}

void TurnService::stop() {
  state_->stop();
}

}  // namespace noom::turn
