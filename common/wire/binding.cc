#include "common/wire/binding.h"

#include <array>

#include "common/wire/message_builder.h"

namespace noom::wire {

BindingAnswer answer_binding(const MessageView& request, const IpEndpoint& client, bool fingerprint,
                             MutableBytes room) {
  std::array<uint16_t, kUnknownAttributesMax> unknown_room;
  const auto unknown = collect_unknown(request, kBindingAttributes, unknown_room);
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
