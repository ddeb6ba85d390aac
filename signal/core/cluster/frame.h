// What nodes send each other, as bytes: link frames (link.h) and beats (membership.h). Big-endian; the first byte is
// the kind, the second the version. What follows the known fields of a beat is ignored, so that later versions may add.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "signal/core/cluster/node_id.h"

namespace noom::signal {

// One end's part of a link's life. Never used twice, and later ones are greater.
struct LinkSession {
  uint64_t incarnation = 0;
  uint64_t number = 0;  // both 0: not known

  friend auto operator<=>(const LinkSession&, const LinkSession&) = default;
};

struct LinkFrame {
  enum class Kind : uint8_t {
    kHello = 1,  // tells sessions, wants an answer
    kAck = 2,
    kMissing = 3,  // as kAck, and what follows `ack` did not come
    kData = 4,
  };
  Kind kind = Kind::kHello;
  bool more = false;  // kData: the message goes on in the next frame
  std::string_view node = {};
  LinkSession from = {}, to = {};
  uint64_t ack = 0;             // everything up to this has been received
  uint64_t seq = 0;             // kData: from 1
  std::string_view piece = {};  // kData; borrowed from the bytes
};

enum class NodeState : uint8_t { kJoining = 1, kMember = 2, kDraining = 3, kLeaving = 4 };

// What a node tells of itself; zeros where it does not know.
struct NodeLoad {
  uint32_t sessions = 0;
  uint32_t rooms = 0;
  uint32_t members = 0;
  uint32_t cpu_permille = 0;

  friend bool operator==(const NodeLoad&, const NodeLoad&) = default;
};

struct Beat {
  NodeAddress from;
  NodeState state = NodeState::kJoining;
  NodeLoad load = {};
};

std::string encode(const LinkFrame& frame);
std::string encode(const Beat& beat);

bool is_beat(std::string_view bytes);
// Nothing when malformed.
std::optional<LinkFrame> parse_link_frame(std::string_view bytes);
std::optional<Beat> parse_beat(std::string_view bytes);

}  // namespace noom::signal
