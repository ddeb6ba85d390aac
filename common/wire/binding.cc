#include "common/wire/binding.h"

#include <algorithm>
#include <array>

#include "common/wire/message_builder.h"

namespace noom::wire {
namespace {

// The comprehension-required attributes of RFC 8489 itself (§18.3.1): understood, and without effect on a Binding that
// needs no authentication. Those of ICE, TURN and RFC 5780 are not understood here, and 420 is how their clients find
// out.
constexpr bool is_understood(uint16_t type) {
  switch (static_cast<Attr>(type)) {
    case Attr::kMappedAddress:
    case Attr::kUsername:
    case Attr::kMessageIntegrity:
    case Attr::kErrorCode:
    case Attr::kUnknownAttributes:
    case Attr::kRealm:
    case Attr::kNonce:
    case Attr::kMessageIntegritySha256:
    case Attr::kPasswordAlgorithm:
    case Attr::kUserhash:
    case Attr::kXorMappedAddress:
      return true;
    default:
      return !comprehension_required(type);
  }
}

// The distinct unknown types of a request, in order, at most kUnknownAttributesMax.
struct UnknownTypes {
  std::array<uint16_t, kUnknownAttributesMax> types{};
  size_t count = 0;

  explicit UnknownTypes(const MessageView& request) {
    bool after_integrity = false;  // what follows MESSAGE-INTEGRITY is ignored, RFC 8489 §14.5
    request.for_each([&](const AttributeView& attribute) {
      if (!after_integrity && !is_understood(attribute.type)) note(attribute.type);
      const auto type = static_cast<Attr>(attribute.type);
      after_integrity |= type == Attr::kMessageIntegrity || type == Attr::kMessageIntegritySha256;
      return count < types.size();
    });
  }
  void note(uint16_t type) {
    if (std::find(types.begin(), types.begin() + count, type) == types.begin() + count) types[count++] = type;
  }
  std::span<const uint16_t> all() const { return std::span(types).first(count); }
};

}  // namespace

BindingAnswer answer_binding(const MessageView& request, const IpEndpoint& client, bool fingerprint,
                             MutableBytes room) {
  const UnknownTypes unknown(request);
  const bool understood = unknown.count == 0;
  MessageBuilder answer(room, Method::kBinding, understood ? Class::kSuccess : Class::kError, request.transaction_id());
  if (understood) {
    answer.xor_address(Attr::kXorMappedAddress, client);
  } else {
    answer.error(ErrorCode::kUnknownAttribute, "").unknown_attributes(unknown.all());
  }
  if (fingerprint) answer.fingerprint();
  return {answer.finish(), understood ? std::nullopt : std::optional(ErrorCode::kUnknownAttribute)};
}

}  // namespace noom::wire
