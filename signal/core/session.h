// What the hub knows of one connection: how far it got, what it may still ask for, when it was last heard. Knows
// nothing of rooms but the name of its own place in one.
#pragma once

#include <optional>
#include <string>

#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"
#include "signal/core/room.h"

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

struct Session {
  std::string host;
  std::string tag;  // "s_…": how clients and logs name the session
  SessionStage stage = SessionStage::kOpened;
  Mono heard{};   // the last frame or pong
  Mono pinged{};  // kPinged: when
  RoomId room;    // invalid: in none
  PeerId peer;    // empty: in no room
  TokenBucket requests;
  TokenBucket sends;
  TokenBucket refusals;
};

}  // namespace noom::signal
