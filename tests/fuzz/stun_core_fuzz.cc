// Whatever arrives: noom-stun's answer goes to the client's address, leaves from a socket that exists, is a message,
// and is little longer than what it answers. RFC 5780 §6; RFC 3489. The first byte of the input is the situation.
#include <array>
#include <vector>

#include "stun/core/classic.h"
#include "stun/core/responder.h"
#include "tests/fuzz/property.h"

namespace noom::stun {
namespace {

const IpEndpoint kClient = *IpEndpoint::parse("[2001:db8::9]:1234");
const IpEndpoint kFirst = *IpEndpoint::parse("[2001:db8::1]:3479");
const IpEndpoint kSecond = *IpEndpoint::parse("[2001:db8::2]:3480");
constexpr size_t kGrowthMax = 4 * 24;  // four IPv6 addresses

void check(uint8_t situation, Bytes message) {
  const auto bit = [&](int n) { return (situation >> n & 1) != 0; };
  const bool two_addresses = bit(2);
  const AddressMatrix matrix =
      AddressMatrix::of(kFirst, two_addresses ? kSecond : IpEndpoint{kFirst.address, kSecond.port});
  const Arrival arrival{.client = kClient,
                        .local = kFirst,
                        .transport = bit(4) ? Transport::kTcp : Transport::kUdp,
                        .matrix = bit(3) ? nullptr : &matrix,
                        .position = static_cast<uint8_t>(bit(3) ? 0 : situation & (matrix.size() - 1))};
  const Policy policy{.response_port = bit(5), .classic = bit(6)};
  std::vector<std::byte> room(arrival.transport == Transport::kTcp ? kStreamAnswerMax : kAnswerMax);
  const Outcome outcome = respond(message, arrival, policy, room);
  const auto* answer = std::get_if<Answer>(&outcome);
  if (answer == nullptr) return;
  NOOM_PROPERTY(!answer->bytes.empty() && answer->bytes.size() <= message.size() + kGrowthMax);
  NOOM_PROPERTY(answer->to.address == kClient.address);
  NOOM_PROPERTY(answer->to == kClient || (answer->uses(Feature::kResponsePort) && policy.response_port));
  NOOM_PROPERTY(arrival.matrix == nullptr ? answer->from == 0 : answer->from < matrix.size());
  const bool moved = answer->from != arrival.position;
  NOOM_PROPERTY(!moved || (two_addresses && arrival.transport == Transport::kUdp && !answer->error));
  NOOM_PROPERTY(!answer->error || answer->features == 0);
  NOOM_PROPERTY(answer->uses(Feature::kClassic) || is_classic_request(message) ||
                wire::MessageView::parse(answer->bytes));
}

}  // namespace
}  // namespace noom::stun

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const noom::Bytes input = std::as_bytes(std::span(data, size));
  if (!input.empty()) noom::stun::check(static_cast<uint8_t>(input[0]), input.subspan(1));
  return 0;
}
