// CreatePermission, RFC 8656 §10.2: every peer is checked before any is installed.
#include <algorithm>
#include <vector>

#include "turn/core/core.h"

namespace noom::turn {

using wire::Attr;

void Core::create_permission(Request& request) {
  AllocationId id;
  Allocation* allocation = own_allocation(request, id);
  if (allocation == nullptr) return;

  // At least one XOR-PEER-ADDRESS, each well formed: 400.
  std::vector<IpEndpoint> peers;
  bool malformed = false;
  request.message.for_each_honoured([&](const wire::AttributeView& attribute) {
    if (attribute.type != static_cast<uint16_t>(Attr::kXorPeerAddress)) return true;
    const auto peer = request.message.xor_address(attribute);
    malformed |= !peer.has_value();
    if (peer) peers.push_back(*peer);
    return !malformed;
  });
  if (malformed) return refuse(request, Reason::kMalformedAttribute);
  if (peers.empty()) return refuse(request, Reason::kMissingPeer);

  // The relay's family: 443; the policy: 403. The port is ignored (§9).
  size_t added = 0;
  for (size_t i = 0; i < peers.size(); ++i) {
    RefusalDetail detail;
    if (const auto reason = check_peer(*allocation, peers[i], false, detail)) return refuse(request, *reason, detail);
    const bool named_before = std::any_of(peers.begin(), peers.begin() + static_cast<ptrdiff_t>(i),
                                          [&](const IpEndpoint& other) { return other.address == peers[i].address; });
    if (!named_before && allocation->permission(peers[i].address, request.now.mono) == nullptr) ++added;
  }
  // No room: 508.
  if (allocation->permissions.size() + added > settings_->permissions_max)
    return refuse(request, Reason::kPermissionLimit);
  // Too many new peers at a time: 508.
  RefusalDetail detail;
  if (const auto reason = check_new_peers(*allocation, added, request.now.mono, detail))
    return refuse(request, *reason, detail);

  for (const IpEndpoint& peer : peers) install_permission(*allocation, peer.address, request.now.mono);
  reschedule(id, *allocation);
  succeed(request.from, request.output);
}

void Core::install_permission(Allocation& allocation, const IpAddress& peer, Mono now) {
  if (allocation.permit(peer, now + settings_->permission_lifetime)) stats_.permissions_live.add();
}

}  // namespace noom::turn
