#include "stun/core/responder.h"

#include "common/wire/channel_data.h"
#include "common/wire/integrity.h"
#include "stun/core/classic.h"
#include "stun/core/discovery.h"

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

std::string_view to_string(Feature feature) {
  switch (feature) {
    case Feature::kOtherAddress:
      return "other_address";
    case Feature::kOtherPort:
      return "other_port";
    case Feature::kResponsePort:
      return "response_port";
    case Feature::kPadding:
      return "padding";
    case Feature::kClassic:
      return "classic";
    case Feature::kCount:
      break;
  }
  return "unknown";
}

Outcome respond(Bytes message, const Arrival& arrival, const Policy& policy, MutableBytes room) {
  if (message.empty() || wire::classify(message.front()) != wire::FirstByte::kStun) return Drop::kNotStun;
  if (policy.classic && arrival.transport == Transport::kUdp && is_classic_request(message)) {
    const auto answer = answer_classic(message, arrival, room);
    return answer ? Outcome(*answer) : Drop::kMalformed;
  }
  const auto request = wire::MessageView::parse(message);
  if (!request) return Drop::kMalformed;
  if (request->method() != wire::Method::kBinding) return Drop::kUnknownMethod;
  if (request->message_class() != wire::Class::kRequest) return Drop::kUnexpectedClass;
  const wire::Check fingerprint = wire::check_fingerprint(*request);
  if (fingerprint == wire::Check::kInvalid) return Drop::kBadFingerprint;
  const bool mirror = fingerprint == wire::Check::kValid;
  if (arrival.matrix != nullptr) return answer_discovery(*request, mirror, arrival, policy, room);
  const wire::BindingAnswer plain = wire::answer_binding(*request, arrival.client, mirror, room);
  return Answer{.bytes = plain.bytes, .error = plain.error, .to = arrival.client};
}

}  // namespace noom::stun
