// The Send indication, RFC 8656 §11.2. Whatever is wrong with it is silence.
#include "turn/core/core.h"

namespace noom::turn {
namespace {

using wire::Attr;

// What a Send carries; `understood` is false when a comprehension-required attribute is not among what follows.
struct SendParts {
  std::optional<wire::AttributeView> peer;
  std::optional<wire::AttributeView> data;
  bool dont_fragment = false;
  bool understood = true;
};

// One walk: this is a data path.
SendParts parts_of(const wire::MessageView& message) {
  SendParts parts;
  message.for_each_honoured([&](const wire::AttributeView& attribute) {
    switch (static_cast<Attr>(attribute.type)) {
      case Attr::kXorPeerAddress:
        if (!parts.peer) parts.peer = attribute;
        break;
      case Attr::kData:
        if (!parts.data) parts.data = attribute;
        break;
      case Attr::kDontFragment:
        parts.dont_fragment = true;
        break;
      // Known elsewhere and unexpected here: ignored (RFC 8489 §6.3).
      case Attr::kUsername:
      case Attr::kRealm:
      case Attr::kNonce:
      case Attr::kMessageIntegrity:
      case Attr::kMessageIntegritySha256:
      case Attr::kLifetime:
      case Attr::kChannelNumber:
        break;
      default:
        parts.understood &= !wire::comprehension_required(attribute.type);
    }
    return true;
  });
  return parts;
}

}  // namespace

void Core::send(Now now, const FiveTuple& client, const wire::MessageView& message, MutableBytes bytes,
                const IpFields& ip, Output& output) {
  const SendParts parts = parts_of(message);
  if (!parts.understood) return drop(Drop::kUnknownAttribute);
  const auto peer = parts.peer ? message.xor_address(*parts.peer) : std::nullopt;
  if (!peer || !parts.data) return drop(Drop::kMalformedIndication);

  const Found found = find(client);
  if (found.allocation == nullptr || !found.allocation->is_live(now.mono)) return drop(Drop::kNoAllocation);
  Allocation& allocation = *found.allocation;
  if (allocation.tcp) return drop(Drop::kTcpAllocation);
  arrive_at(found, client, output);
  if (!allocation.is_live(peer->address.family(), now.mono)) return drop(Drop::kPeerFamily);
  if (allocation.permission(peer->address, now.mono) == nullptr) return drop(Drop::kNoPermission);
  // A permission for a relay address covers the relays there; whether it covers the rest of this host is the policy's
  // to say.
  if (is_own_address(peer->address) && !is_own_relay(*peer) && !settings_->peer_policy->check(peer->address).allowed)
    return drop(Drop::kPeerDenied);

  const size_t offset = parts.data->offset + wire::kAttributeHeaderSize;
  to_peer(now, allocation, *peer, {bytes, offset, parts.data->value.size(), ip, parts.dont_fragment}, output);
}

}  // namespace noom::turn
