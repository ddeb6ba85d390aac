// The codes of noom.v1's errors, and how an attempt to resume may end. docs/protocol/noom-v1.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace noom::signal {

enum class ErrorCode : uint8_t {
  kBadJson,
  kBadMessage,
  kUnknownType,
  kHelloRequired,
  kAlreadyGreeted,
  kProtocolUnsupported,
  kAlreadyJoined,
  kNotJoined,
  kRoomFull,
  kTooManyRooms,
  kNoSuchPeer,
  kRateLimited,
  kFrameTooBig,
  kUnavailable,
  kTokenRequired,
  kTokenInvalid,
  kTokenExpired,
  kTokenUsed,
  kWrongRoom,
  kForbidden,
  kBanned,
  kLocked,
  kPasswordRequired,
  kWrongPassword,
  kLobbyFull,
};
constexpr size_t kErrorCodeCount = 25;
std::string_view to_string(ErrorCode code);  // as on the wire

// For retry_after_s: rounded up, at least 1.
inline uint32_t whole_seconds(double seconds) {
  return std::max(1u, static_cast<uint32_t>(std::ceil(seconds)));
}

// What became of hello.resume. Everything but kRecovered is `welcome.reason`.
enum class ResumeOutcome : uint8_t {
  kRecovered,       // nothing was lost
  kGap,             // the session is the same, but messages were lost: counts start anew
  kTicketInvalid,   // not made here, changed, or too old
  kTicketUsed,      // a later ticket of the session is in use
  kSessionUnknown,  // a good ticket, but its session has ended or the server that knew it has
};
constexpr size_t kResumeOutcomeCount = 5;
std::string_view to_string(ResumeOutcome outcome);

}  // namespace noom::signal
