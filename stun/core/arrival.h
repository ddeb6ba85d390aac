// What noom-stun's answer depends on beside the message: where it came from, where it arrived, what may be offered.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/wire/binding.h"

namespace noom::stun {

// The addresses and ports of one family and transport that behaviour discovery answers from. RFC 5780 §6. Bit 0 of a
// position is the port, bit 1 the address, so that table 1 of §6.1 is an exclusive or:
//
//   0 = A1:P1   1 = A1:P2   2 = A2:P1   3 = A2:P2
struct AddressMatrix {
  static constexpr uint8_t kOtherPort = 1;
  static constexpr uint8_t kOtherAddress = 2;

  std::array<IpEndpoint, 4> at;
  // Without a second address only positions 0 and 1 exist: no OTHER-ADDRESS, and CHANGE-REQUEST is refused (§6, §7.4).
  bool two_addresses = false;

  static AddressMatrix of(const IpEndpoint& primary, const IpEndpoint& alternate) {
    return {{primary, {primary.address, alternate.port}, {alternate.address, primary.port}, alternate},
            primary.address != alternate.address};
  }
  // What OTHER-ADDRESS says at a position: both flags changed.
  const IpEndpoint& opposite(uint8_t position) const { return at[position ^ (kOtherAddress | kOtherPort)]; }
  uint8_t size() const { return two_addresses ? 4 : 2; }
};

// Where a message comes from and where it arrived.
struct Arrival {
  IpEndpoint client = {};
  IpEndpoint local = {};
  Transport transport = Transport::kUdp;
  const AddressMatrix* matrix = nullptr;  // of the socket; null: no behaviour discovery there
  uint8_t position = 0;                   // of the socket in the matrix
};

// What the operator allows. Both are off unless asked for.
struct Policy {
  bool response_port = false;  // RESPONSE-PORT sends answers where nobody asked from (RFC 5780 §7.5)
  bool classic = false;        // RFC 3489: requests without the magic cookie
};

// What an answer made use of: a metric label each, and a bit each of Answer::features.
enum class Feature : uint8_t { kOtherAddress, kOtherPort, kResponsePort, kPadding, kClassic, kCount };
std::string_view to_string(Feature feature);

// One answer, and how it leaves.
struct Answer {
  Bytes bytes = {};
  std::optional<wire::ErrorCode> error = std::nullopt;  // what it says, unless it is a success
  IpEndpoint to = {};
  uint8_t from = 0;      // position in the arrival's matrix, if it has one: the socket to send from
  uint8_t features = 0;  // of a success

  void use(Feature feature) { features = static_cast<uint8_t>(features | (1u << static_cast<uint8_t>(feature))); }
  bool uses(Feature feature) const { return (features >> static_cast<uint8_t>(feature) & 1u) != 0; }
};

// PADDING of an answer is as long as that of its request and no longer than this, the MTU of Ethernet (RFC 5780 §7.6):
// it never amplifies.
constexpr size_t kPaddingMax = 1500;
// Header, four IPv6 addresses, FINGERPRINT; or a 420.
constexpr size_t kStreamAnswerMax = wire::kHeaderSize + 4 * 24 + 8;
static_assert(kStreamAnswerMax >= wire::kBindingAnswerMax);
// The same and PADDING.
constexpr size_t kAnswerMax = kStreamAnswerMax + 4 + kPaddingMax;

}  // namespace noom::stun
