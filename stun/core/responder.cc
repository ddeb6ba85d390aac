#include "stun/core/responder.h"

#include "common/wire/channel_data.h"
#include "common/wire/integrity.h"

namespace noom::stun {

std::string_view to_string(Drop drop) {
  switch (drop) {
    case Drop::kNotStun:
      return "not_stun";
    case Drop::kMalformed:
      return "malformed";
    case Drop::kUnknownMethod:
      return "unknown_method";
    case Drop::kUnexpectedClass:
      return "unexpected_class";
    case Drop::kBadFingerprint:
      return "bad_fingerprint";
    case Drop::kCount:
      break;
  }
  return "unknown";
}

std::variant<wire::BindingAnswer, Drop> respond(Bytes message, const IpEndpoint& client, MutableBytes room) {
  if (message.empty() || wire::classify(message.front()) != wire::FirstByte::kStun) return Drop::kNotStun;
  const auto request = wire::MessageView::parse(message);
  if (!request) return Drop::kMalformed;
  if (request->method() != wire::Method::kBinding) return Drop::kUnknownMethod;
  if (request->message_class() != wire::Class::kRequest) return Drop::kUnexpectedClass;
  const wire::Check fingerprint = wire::check_fingerprint(*request);
  if (fingerprint == wire::Check::kInvalid) return Drop::kBadFingerprint;
  return wire::answer_binding(*request, client, fingerprint == wire::Check::kValid, room);
}

}  // namespace noom::stun
