#include "stun/core/discovery.h"

#include <algorithm>

#include "common/wire/message_builder.h"

namespace noom::stun {
namespace {

using wire::Attr;
using wire::ErrorCode;
using wire::MessageBuilder;

constexpr uint32_t kChangeIp = 4;    // RFC 5780 §7.2: flag A
constexpr uint32_t kChangePort = 2;  // flag B
constexpr std::array<std::byte, kPaddingMax> kPaddingBytes{};

// What a 420 does not name: RFC 8489's own attributes, and those of RFC 5780 that can be honoured here. All three are
// about datagrams: a stream answers where it was asked, and is not cut into IP fragments by its sender.
class Understood {
 public:
  Understood(const Arrival& arrival, const Policy& policy) {
    for (const Attr type : wire::kBindingAttributes) add(type);
    if (arrival.transport != Transport::kUdp) return;
    add(Attr::kPadding);
    if (arrival.matrix->two_addresses) add(Attr::kChangeRequest);
    if (policy.response_port) add(Attr::kResponsePort);
  }
  std::span<const Attr> types() const { return std::span(types_).first(count_); }

 private:
  void add(Attr type) { types_[count_++] = type; }
  std::array<Attr, std::size(wire::kBindingAttributes) + 3> types_;
  size_t count_ = 0;
};

// RFC 5780 §7.5: a port and two bytes of padding, which some clients count into the length. nullopt: malformed, or
// port 0.
std::optional<uint16_t> read_response_port(const wire::AttributeView& attribute) {
  Reader value(attribute.value);
  const uint16_t port = value.u16();
  if (!value.ok() || attribute.value.size() > sizeof(uint32_t) || port == 0) return std::nullopt;
  return port;
}

// The attributes that decide which way the answer goes. False: 400.
bool read_directions(const wire::MessageView& request, uint8_t arrived_at, Answer& answer) {
  if (request.has(Attr::kChangeRequest)) {
    const auto value = request.u32(Attr::kChangeRequest);
    if (!value) return false;
    answer.from = arrived_at ^ read_change_flags(*value, answer);
  }
  const auto response_port = request.find(Attr::kResponsePort);
  if (!response_port) return true;
  if (request.has(Attr::kPadding)) return false;  // RFC 5780 §6.1, §7.5: never both
  const auto port = read_response_port(*response_port);
  if (!port) return false;
  answer.to.port = *port;
  answer.use(Feature::kResponsePort);
  return true;
}

}  // namespace

uint8_t read_change_flags(uint32_t value, Answer& answer) {
  uint8_t change = 0;
  if ((value & kChangeIp) != 0) {
    change |= AddressMatrix::kOtherAddress;
    answer.use(Feature::kOtherAddress);
  }
  if ((value & kChangePort) != 0) {
    change |= AddressMatrix::kOtherPort;
    answer.use(Feature::kOtherPort);
  }
  return change;
}

Answer answer_discovery(const wire::MessageView& request, bool fingerprint, const Arrival& arrival,
                        const Policy& policy, MutableBytes room) {
  Answer answer{.to = arrival.client, .from = arrival.position};
  const auto refuse = [&](ErrorCode code, std::span<const uint16_t> unknown) {
    MessageBuilder error(room, wire::Method::kBinding, wire::Class::kError, request.transaction_id());
    error.error(code, "");
    if (!unknown.empty()) error.unknown_attributes(unknown);
    if (fingerprint) error.fingerprint();
    return Answer{.bytes = error.finish(), .error = code, .to = arrival.client, .from = arrival.position};
  };

  // RFC 8489 §6.3.1, before anything of this usage.
  std::array<uint16_t, wire::kUnknownAttributesMax> unknown_room;
  const auto unknown = wire::collect_unknown(request, Understood(arrival, policy).types(), unknown_room);
  if (!unknown.empty()) return refuse(ErrorCode::kUnknownAttribute, unknown);
  if (arrival.transport == Transport::kUdp && !read_directions(request, arrival.position, answer))
    return refuse(ErrorCode::kBadRequest, {});

  // RFC 5780 §6.1: both forms of the mapped address, the origin, and the far corner of the matrix.
  const AddressMatrix& matrix = *arrival.matrix;
  MessageBuilder success(room, wire::Method::kBinding, wire::Class::kSuccess, request.transaction_id());
  success.xor_address(Attr::kXorMappedAddress, arrival.client)
      .plain_address(Attr::kMappedAddress, arrival.client)
      .plain_address(Attr::kResponseOrigin, matrix.at[answer.from]);
  if (matrix.two_addresses) success.plain_address(Attr::kOtherAddress, matrix.opposite(arrival.position));
  if (const auto padding = request.find(Attr::kPadding)) {
    success.raw(Attr::kPadding, Bytes(kPaddingBytes).first(std::min(padding->value.size(), kPaddingMax)));
    answer.use(Feature::kPadding);
  }
  if (fingerprint) success.fingerprint();
  answer.bytes = success.finish();
  return answer;
}

}  // namespace noom::stun
