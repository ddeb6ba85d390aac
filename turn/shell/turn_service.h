// The TURN server as a daemon runs it: shards, listeners, start, drain, stop. What happens on a shard is turn_shard.h.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/ip_prefix.h"
#include "common/base/endpoint.h"
#include "common/base/log.h"
#include "common/io/tls_context.h"
#include "turn/core/revocations.h"
#include "turn/core/settings.h"
#include "turn/shell/saved_service.h"
#include "turn/shell/shell_stats.h"
#include "turn/shell/usage_feed.h"

namespace noom::turn {

// A place where clients come in. Every shard has a socket of its own on it.
struct Listener {
  std::string name;  // the configuration key it comes from: "listen.udp"
  Transport transport = Transport::kUdp;
  IpEndpoint local;  // port 0: the kernel chooses one, the same for all shards
  // Of kTcp: connections that begin with a ClientHello are TLS. Of kUdp: datagrams that begin as RFC 7983 has it are
  // DTLS.
  bool or_tls = false;
  // Needed for TLS and DTLS. A reload is a set() on it: new connections use the new certificates.
  std::shared_ptr<const io::TlsContextSlot> tls = nullptr;
};

struct TurnServiceOptions {
  std::vector<Listener> listeners;           // at most kListenersMax
  std::shared_ptr<const Settings> settings;  // its shard_count is the number of threads
  std::shared_ptr<Shared> shared;
  // Whose stream connections begin with a PROXY header, which says for whom they are; nobody else's may.
  std::vector<auth::IpPrefix> proxies;
  uint32_t connections_max = 16'384;            // stream connections, over all shards
  uint32_t connections_per_source_max = 1'024;  // of these, from one IPv4 address or IPv6 /64
  uint32_t dtls_sessions_max = 8'192;           // over all shards; likewise the next
  uint32_t dtls_sessions_per_source_max = 1'024;
  int listener_buffer_bytes =
      4 * 1024 * 1024;         // UDP listeners, each direction; the kernel cuts it to net.core.{r,w}mem_max
  int relay_buffer_bytes = 0;  // relay sockets; 0 = the system's default
  std::shared_ptr<LeftService> left = nullptr;        // by the process before: taken over, except for its nonce key
  UsageSink usage = nullptr;                          // null: nobody records what allocations use
  Duration usage_interval = std::chrono::minutes(5);  // of interim records; zero: there are none
  bool carry_ip_fields = true;  // RFC 8656 §14: DSCP, ECN and hop limit pass from one side to the other
};

// Built, drained and destroyed by one thread; the stats may be read from any.
class TurnService {
 public:
  // Binds every listener, then starts the shards. A failure names the listener and the reason, "udp 0.0.0.0:3478:
  // address already in use; …", and leaves nothing open; `failed_listener` then is its index, or empty when it was
  // none. A port that another program holds with SO_REUSEPORT, another copy of this one included, is in use. `log`
  // outlives the service.
  static absl::StatusOr<std::unique_ptr<TurnService>> start(TurnServiceOptions options, LogSink& log,
                                                            std::optional<size_t>* failed_listener = nullptr);
  ~TurnService();  // stops
  TurnService(const TurnService&) = delete;
  TurnService& operator=(const TurnService&) = delete;

  // As configured, in that order, each port 0 replaced by the real one.
  const std::vector<Listener>& listeners() const;
  uint32_t shard_count() const;
  ShardStatsView stats(uint32_t shard) const;

  // Every shard goes over to these soon; what they may change is Server::on_settings'.
  void change_settings(std::shared_ptr<const Settings> settings);
  // On every shard, soon; as Server::on_revoke. Any thread.
  void revoke(Revocation revocation);
  // Accepts no connection any more; calls `drained` on some shard's thread, once, as soon as no allocation is left.
  void begin_drain(std::function<void()> drained);
  // Calls `alive` on some shard's thread once every shard has come round to it.
  void heartbeat(std::function<void()> alive);
  // Everything that the next process needs to go on with the clients. After it nothing but stop() and the statistics;
  // the descriptors are open until then. TLS and DTLS clients are not among them: what they have is kept if they have a
  // ticket to come back with (RFC 8016), else ends.
  struct Leaving {
    std::vector<std::byte> bytes;
    std::vector<int> fds;
    uint64_t allocations = 0;
    uint64_t ended = 0;        // allocations that the next process could not go on with
    uint64_t connections = 0;  // plain TCP
  };
  Leaving leave();
  // Ends every allocation and connection, closes every socket, joins the threads. Idempotent.
  void stop();

 private:
  struct State;
  explicit TurnService(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace noom::turn
