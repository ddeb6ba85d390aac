// What may stand in front of a connection's own bytes and say whom it comes from: how a reader of it, which is pure,
// and a stream, which has the socket, talk. The PROXY protocol is one (common/wire/proxy_protocol.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"

namespace noom {

struct Preamble {
  // kIncomplete: every byte seen belongs to the preamble, and more must come. The other two are final: no further byte
  // changes them.
  enum class Kind : uint8_t { kIncomplete, kWhole, kRefused };
  struct Endpoints {
    IpEndpoint remote;  // the client
    IpEndpoint local;   // where it connected to
  };

  Kind kind = Kind::kIncomplete;
  size_t size = 0;                          // kWhole: of the preamble, in bytes; what follows is the connection's own
  std::optional<Endpoints> endpoints = {};  // kWhole; absent: those of the connection itself
  uint8_t refusal = 0;                      // kRefused: the reader's reason
};

// A longer one is refused by every reader; kIncomplete is an answer to fewer bytes than these only.
constexpr size_t kPreambleSizeMax = 4096;

// Reads the front of a connection; called again with the same bytes and more while it is incomplete.
using PreambleReader = Preamble (*)(Bytes front);

}  // namespace noom
