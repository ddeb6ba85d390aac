// ChannelBind, RFC 8656 §12.2, in its order.
#include "turn/core/core.h"

namespace noom::turn {

using wire::Attr;

void Core::channel_bind(Request& request) {
  const wire::MessageView& message = request.message;
  const Mono now = request.now.mono;
  AllocationId id;
  Allocation* allocation = own_allocation(request, id);
  if (allocation == nullptr) return;
  if (allocation->tcp) return refuse(request, Reason::kNotForTcp);

  // Both CHANNEL-NUMBER and XOR-PEER-ADDRESS, the number in range: 400.
  const auto number = message.leading_u16(Attr::kChannelNumber);
  if (!number)
    return refuse(request,
                  message.has(Attr::kChannelNumber) ? Reason::kMalformedAttribute : Reason::kMissingChannelNumber);
  const auto peer = message.xor_address(Attr::kXorPeerAddress);
  if (!peer)
    return refuse(request, message.has(Attr::kXorPeerAddress) ? Reason::kMalformedAttribute : Reason::kMissingPeer);
  if (*number < wire::kChannelMin || *number > wire::kChannelMax) return refuse(request, Reason::kChannelOutOfRange);

  // The number bound to another peer, or the peer to another number: 400.
  const Channel* const by_number = allocation->channel(*number, now);
  if (by_number != nullptr && by_number->peer != *peer) return refuse(request, Reason::kChannelBoundElsewhere);
  const Channel* const by_peer = allocation->channel_to(*peer, now);
  if (by_peer != nullptr && by_peer->number != *number) return refuse(request, Reason::kPeerBoundElsewhere);

  // The relay's family: 443; the policy: 403; no room: 508.
  RefusalDetail detail;
  if (const auto reason = check_peer(*allocation, *peer, true, detail)) return refuse(request, *reason, detail);
  if (by_number == nullptr && allocation->channels.size() >= settings_->channels_max)
    return refuse(request, Reason::kChannelLimit);
  const bool is_new_peer = allocation->permission(peer->address, now) == nullptr;
  if (is_new_peer && allocation->permissions.size() >= settings_->permissions_max)
    return refuse(request, Reason::kPermissionLimit);
  if (const auto reason = check_new_peers(*allocation, is_new_peer ? 1 : 0, now, detail))
    return refuse(request, *reason, detail);

  // Installs or refreshes the channel, and the permission with it.
  if (allocation->bind(*number, *peer, now + settings_->channel_lifetime)) stats_.channels_live.add();
  install_permission(*allocation, peer->address, now);
  reschedule(id, *allocation);
  succeed(request.from, request.output);
}

}  // namespace noom::turn
