// What the hub knows of one connection, until hello and after it: when it was last heard, and whose seat it is.
#pragma once

#include <string>

#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"
#include "signal/core/seat_address.h"
#include "signal/core/settings.h"

namespace noom::signal {

// Where a session comes from. `host` is what the client called this server (host_of): it replaces {host} in ICE URIs.
struct ClientInfo {
  IpAddress address;
  std::string host;
};

enum class SessionStage : uint8_t {
  kOpened,   // the deadline is for hello
  kGreeted,  // the deadline is for the next ping
  kPinged,   // the deadline is for any sign of life
};

// What a client may still ask for.
struct Allowance {
  TokenBucket requests;
  TokenBucket sends;
  TokenBucket joins;
  TokenBucket acks;
  TokenBucket moderation;
  TokenBucket guesses;
  TokenBucket refusals;
};

struct Session {
  std::string host;
  std::string tag;   // "s_…": how clients and logs name the session
  std::string mark;  // stands for its network address (Visitor::mark)
  SessionStage stage = SessionStage::kOpened;
  Mono heard{};         // the last frame or pong
  Mono pinged{};        // kPinged: when
  SeatId seat;          // invalid before hello
  Allowance allowance;  // before hello; afterwards the seat's counts
};

}  // namespace noom::signal
