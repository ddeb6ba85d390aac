// What an operator may set of the hub, with the limits that hold for everything a client can grow. Values only; where
// they come from is signal/config.*.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/peer_policy.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"

namespace noom::signal {

class Admission;

// noom.v1 fixes these: clients rely on them.
constexpr std::string_view kProtocol = "noom.v1";
constexpr size_t kRoomNameBytesMax = 64;
constexpr size_t kPeerNameCharactersMax = 64;      // code points
constexpr size_t kPeerNameBytesMax = 4 * 64;       // the same in UTF-8
constexpr size_t kMetadataBytesMax = 4096;         // as written by the client
constexpr size_t kRequestIdBytesMax = 64;          // as written by the client
constexpr size_t kJsonDepthMax = 32;               // nested objects and arrays; bounds the parser's memory
constexpr size_t kRoomCapacityMax = 128;           // keeps `joined` below the smallest outbound queue
constexpr size_t kOutboundBytesMin = 1024 * 1024;  // the smallest outbound queue a shell may give a client

// One entry of `joined.peers` at its largest: every byte of a name may need a backslash.
constexpr size_t kPeerEntryBytesMax = kMetadataBytesMax + 2 * kPeerNameBytesMax + 192;
static_assert(kRoomCapacityMax * kPeerEntryBytesMax < kOutboundBytesMin,
              "a full room's roster must fit a client's queue");

struct Settings {
  std::string server_name = "noom-signal";  // `welcome.server`

  size_t room_capacity = 8;
  size_t rooms_max = 10'000;
  size_t sessions_max = 20'000;
  size_t frame_bytes_max = 64 * 1024;  // `welcome.frame_bytes_max`; the shell enforces it and reports on_oversize

  BucketLimit requests{.per_second = 20, .burst = 60};  // per session, all requests but `send`
  BucketLimit sends{.per_second = 50, .burst = 200};    // per session, `send`
  BucketLimit joins{.per_second = 1, .burst = 10};   // per session, `join`, `roster`, `ice_servers`, beside `requests`
  BucketLimit acks{.per_second = 20, .burst = 100};  // per session, `ack`
  BucketLimit moderation{.per_second = 5, .burst = 40};      // per session, what moderators ask, beside `requests`
  BucketLimit guesses{.per_second = 0.2, .burst = 5};        // per session: joins with a room's password
  BucketLimit room_guesses{.per_second = 1, .burst = 30};    // per room: the same, by anybody
  BucketLimit room_events{.per_second = 100, .burst = 400};  // per room: `update` and `send` to everyone
  BucketLimit refusals{.per_second = 0.5, .burst = 100};     // per session: rate_limited answers before the close 4429
  BucketLimit openings{.per_second = 20.0 / 60, .burst = 40};  // per IPv4 address or IPv6 /64: new sessions
  std::vector<auth::IpPrefix> openings_exempt;                 // never limited by `openings`: a proxy, the local host

  Duration hello_timeout = std::chrono::seconds(5);
  Duration ping_interval = std::chrono::seconds(15);
  Duration ping_timeout = std::chrono::seconds(10);

  Duration lobby_timeout = std::chrono::minutes(10);  // how long somebody waits to be let in

  std::shared_ptr<const Admission> admission;  // nullptr: open to everybody

  Duration resume_window = std::chrono::seconds(120);  // how long a session without a connection is kept; 0: not at all
  Duration away_after = std::chrono::seconds(3);       // when the room is told
  size_t replay_bytes_max = 2 * 1024 * 1024;           // per session: sent but not confirmed
  size_t replay_bytes_total_max = 256 * 1024 * 1024;
  size_t away_max = 20'000;                             // sessions without a connection
  Duration reconnect_spread = std::chrono::seconds(2);  // over which clients come back after a drain
  Secret resume_key;  // seals tickets, at least 32 bytes; empty: drawn by the hub, tickets then die with it

  bool notices = false;  // Output::notices: somebody wants to know who comes and goes

  // URIs of STUN and TURN servers; "{host}" stands for the host name by which the client reached this server.
  std::vector<std::string> ice_urls;
  Secret turn_secret;  // shared with noom-turn; empty: turn: and turns: URIs are not handed out
  Duration turn_ttl = std::chrono::hours(1);
};

}  // namespace noom::signal
