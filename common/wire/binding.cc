#include "common/wire/binding.h"

#include <array>

#include "common/wire/message_builder.h"

namespace noom::wire {
namespace {

// The comprehension-required attributes of RFC 8489 itself (§18.3.1): understood, and without effect on a Binding that
// needs no authentication. Those of ICE, TURN and RFC 5780 are not understood here, and 420 is how their clients find
// out.
constexpr Attr kUnderstood[] = {
    Attr::kMappedAddress,
    Attr::kUsername,
    Attr::kMessageIntegrity,
    Attr::kErrorCode,
    Attr::kUnknownAttributes,
    Attr::kRealm,
    Attr::kNonce,
    Attr::kMessageIntegritySha256,
    Attr::kPasswordAlgorithm,
    Attr::kUserhash,
    Attr::kXorMappedAddress,
};

}  // namespace

BindingAnswer answer_binding(const MessageView& request, const IpEndpoint& client, bool fingerprint,
                             MutableBytes room) {
  std::array<uint16_t, kUnknownAttributesMax> unknown_room;
  const auto unknown = collect_unknown(request, kUnderstood, unknown_room);
  const bool understood = unknown.empty();
  MessageBuilder answer(room, Method::kBinding, understood ? Class::kSuccess : Class::kError, request.transaction_id());
  if (understood) {
    answer.xor_address(Attr::kXorMappedAddress, client);
  } else {
    answer.error(ErrorCode::kUnknownAttribute, "").unknown_attributes(unknown);
  }
  if (fingerprint) answer.fingerprint();
  return {answer.finish(), understood ? std::nullopt : std::optional(ErrorCode::kUnknownAttribute)};
}

}  // namespace noom::wire
