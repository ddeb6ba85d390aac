// The DTLS clients of one shard: proving addresses by cookies, sessions, limits, time-outs. RFC 7350, RFC 6347.
// Datagrams and the time are handed in; what leaves is handed to the host.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/deadline_queue.h"
#include "common/base/endpoint.h"
#include "common/base/handle_table.h"
#include "common/base/ip_fields.h"
#include "common/base/random.h"
#include "common/io/dtls_cookie.h"
#include "common/io/dtls_session.h"
#include "common/io/tls_context.h"
#include "turn/core/arena.h"
#include "turn/shell/dtls_client.h"
#include "turn/shell/dtls_stats.h"
#include "turn/shell/event_log.h"
#include "turn/shell/limits.h"
#include "turn/shell/stream_places.h"

namespace noom::turn {

// The shard, as its DTLS clients see it.
class DtlsHost {
 public:
  // One message, borrowed until on_flushed(); may be rewritten in place. `ip`: of the datagram it came in.
  virtual void on_dtls_message(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip) = 0;
  // The session is over; nothing can be sent to the client any more.
  virtual void on_dtls_closed(Now now, const FiveTuple& client) = 0;
  // Queues a datagram to the client, borrowed until on_flushed().
  virtual void send_dtls(const FiveTuple& client, Bytes datagram, const IpFields& ip) = 0;
  virtual bool has_allocation(const FiveTuple& client) const = 0;

 protected:
  ~DtlsHost() = default;
};

struct DtlsLimits {
  uint32_t handshakes_max = kDtlsHandshakesMax;
  uint32_t handshakes_per_source_max = kDtlsHandshakesPerSourceMax;
  Duration idle_timeout = kDtlsIdleTimeout;
  Duration handshake_timeout = kDtlsHandshakeTimeout;
};

// Single-threaded.
class DtlsClients {
 public:
  // `places` are those of all shards, for sessions and handshakes under way.
  DtlsClients(DtlsHost& host, Random& random, const DtlsLimits& limits, StreamPlaces& places, DtlsStats& stats,
              EventLog& log);
  ~DtlsClients();

  // A datagram, whatever it begins with. What it says is decrypted in place. Without a session and a ClientHello that
  // proves its address nothing is remembered of it. `tls` is the listener's: a new session uses the context of the
  // moment.
  void on_datagram(Now now, const FiveTuple& client, MutableBytes datagram, const IpFields& ip,
                   const io::TlsContextSlot& tls);
  // One message, one record. False when it could not be sent: the session has gone, or it is longer than a record.
  enum class Sent : uint8_t { kYes, kGone, kTooLong };
  Sent send(const FiveTuple& client, Bytes message, const IpFields& ip);
  bool contains(const FiveTuple& client) const { return by_five_tuple_.contains(client); }
  // Says goodbye and forgets the session; the host is not told.
  void close(Now now, const FiveTuple& client);

  // Everything due at or before now.mono: flights to send again, time-outs.
  void on_tick(Now now);
  std::optional<Mono> next_deadline() const { return deadlines_.next(); }
  // What was queued has left.
  void on_flushed();
  // Says goodbye to everyone; the host is not told.
  void stop(Now now);

 private:
  struct ClientTag;
  using ClientId = Handle<ClientTag>;
  enum class Notice : bool { kTellHost, kSilent };

  void drop(DtlsDrop reason) { stats_.drops[reason].add(); }
  void on_hello(Now now, const FiveTuple& client, MutableBytes datagram, const io::ClientHello& hello,
                const io::TlsContextSlot& tls);
  void verify(Now now, const FiveTuple& client, const io::ClientHello& hello);
  bool admit(Now now, const FiveTuple& client);
  void give_back(const FiveTuple& client);
  bool refuse(Now now, const FiveTuple& client, DtlsDrop reason);
  void begin(Now now, const FiveTuple& client, Bytes datagram, const io::TlsContextSlot& tls);
  void process(Now now, ClientId id, MutableBytes datagram, const IpFields& ip);
  void on_established(Now now, ClientId id, DtlsClient& client);
  void reschedule(Now now, ClientId id, const DtlsClient& client);
  void on_handshake_due(Now now, ClientId id, DtlsClient& client);
  void on_idle_due(Now now, ClientId id, DtlsClient& client);
  void abandon(Now now, ClientId id, DtlsHandshake result, std::string_view detail);
  void end(Now now, ClientId id, DtlsEnd reason, Notice notice, std::string_view detail = {});
  void end_handshake(const DtlsClient& client);
  void forget(ClientId id);
  ClientId find(const FiveTuple& client) const;
  DtlsClient& wake(ClientId id);
  void queue(const FiveTuple& client, Bytes datagram, const IpFields& ip = {});

  DtlsHost& host_;
  const DtlsLimits limits_;
  StreamPlaces& places_;
  DtlsStats& stats_;
  EventLog& log_;
  io::DtlsCookies cookies_;
  HandleTable<ClientTag, std::unique_ptr<DtlsClient>> clients_;
  absl::flat_hash_map<FiveTuple, ClientId> by_five_tuple_;  // looked up, never iterated
  absl::flat_hash_map<IpAddress, uint32_t> handshakes_;     // by source; as many entries as handshakes at most
  DeadlineQueue deadlines_;                                 // keyed by client index
  std::vector<ClientId> awake_;                             // hold buffers that are given back at the flush
  Arena arena_;                                             // what is queued, until the flush
};

}  // namespace noom::turn
