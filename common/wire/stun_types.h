// The numbers of STUN and TURN: methods, classes, attribute types, error codes. RFC 8489 §5, §14, §18; RFC 8656 §18;
// RFC 6062 §6; RFC 8016 §4; RFC 5780 §7; RFC 7635 §6. Compared with the IANA registries by tests/unit/common/wire.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace noom::wire {

constexpr uint32_t kMagicCookie = 0x2112A442;            // RFC 8489 §5
constexpr uint32_t kFingerprintXor = 0x5354554e;         // RFC 8489 §14.7
constexpr size_t kHeaderSize = 20;                       // RFC 8489 §5
constexpr size_t kAttributeHeaderSize = 4;               // RFC 8489 §14
constexpr size_t kTransactionIdSize = 12;                // RFC 8489 §5
constexpr size_t kMessageSizeMax = kHeaderSize + 65532;  // the largest 16-bit length that is a multiple of 4

using TransactionId = std::array<std::byte, kTransactionIdSize>;

enum class Method : uint16_t {
  kBinding = 0x001,
  kAllocate = 0x003,
  kRefresh = 0x004,
  kSend = 0x006,
  kData = 0x007,
  kCreatePermission = 0x008,
  kChannelBind = 0x009,
  kConnect = 0x00A,
  kConnectionBind = 0x00B,
  kConnectionAttempt = 0x00C,
};
std::string_view to_string(
    Method method);  // "allocate", "create_permission", …; "unknown" for the rest: fixed cardinality for metrics

enum class Class : uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

enum class Attr : uint16_t {
  kMappedAddress = 0x0001,
  kChangeRequest = 0x0003,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kChannelNumber = 0x000C,
  kLifetime = 0x000D,
  kXorPeerAddress = 0x0012,
  kData = 0x0013,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kXorRelayedAddress = 0x0016,
  kRequestedAddressFamily = 0x0017,
  kEvenPort = 0x0018,
  kRequestedTransport = 0x0019,
  kDontFragment = 0x001A,
  kAccessToken = 0x001B,
  kMessageIntegritySha256 = 0x001C,
  kPasswordAlgorithm = 0x001D,
  kUserhash = 0x001E,
  kXorMappedAddress = 0x0020,
  kReservationToken = 0x0022,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kPadding = 0x0026,
  kResponsePort = 0x0027,
  kConnectionId = 0x002A,
  kAdditionalAddressFamily = 0x8000,
  kAddressErrorCode = 0x8001,
  kPasswordAlgorithms = 0x8002,
  kAlternateDomain = 0x8003,
  kIcmp = 0x8004,
  kSoftware = 0x8022,
  kAlternateServer = 0x8023,
  kCacheTimeout = 0x8027,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
  kResponseOrigin = 0x802B,
  kOtherAddress = 0x802C,
  kThirdPartyAuthorization = 0x802E,
  kMobilityTicket = 0x8030,
};
constexpr bool comprehension_required(uint16_t type) {
  return type < 0x8000;
}

// RFC 8489 §14.8, RFC 8656 §19, RFC 6062 §6.3, RFC 8016 §4.1.
enum class ErrorCode : uint16_t {
  kTryAlternate = 300,
  kBadRequest = 400,
  kUnauthenticated = 401,
  kForbidden = 403,
  kMobilityForbidden = 405,
  kUnknownAttribute = 420,
  kAllocationMismatch = 437,
  kStaleNonce = 438,
  kAddressFamilyNotSupported = 440,
  kWrongCredentials = 441,
  kUnsupportedTransport = 442,
  kPeerAddressFamilyMismatch = 443,
  kConnectionAlreadyExists = 446,
  kConnectionTimeout = 447,
  kAllocationQuotaReached = 486,
  kServerError = 500,
  kInsufficientCapacity = 508,
};
std::string_view default_reason(ErrorCode code);  // the RFC's phrase

constexpr uint8_t kProtocolUdp = 17;  // REQUESTED-TRANSPORT, RFC 8656 §18.7
constexpr uint8_t kProtocolTcp = 6;

constexpr uint16_t kChannelMin = 0x4000;  // RFC 8656 §12
constexpr uint16_t kChannelMax = 0x4FFF;
constexpr size_t kChannelHeaderSize = 4;  // RFC 8656 §12.4

}  // namespace noom::wire
