// Data between two relays of this suite: delivered inside the process, whatever the peer policy says of this host's
// addresses, and never given to the kernel. One hop: what arrives at a relay goes to its client.
#include <algorithm>

#include "turn/core/core.h"

namespace noom::turn {

void Core::to_relay(Now now, Allocation& sender, const IpEndpoint& to, const Framable& data, Output& output) {
  const IpEndpoint from = relayed(relay_of(sender, to.address.family()));
  ++sender.traffic.packets_to_peers;
  sender.traffic.bytes_to_peers += data.size;
  const uint32_t owner = shard_of_port(to.port, settings_->shard_count);
  if (owner == shard_) return arrive(now, to, from, data, output);
  output.commands.emplace_back(HandOver{owner, to, from, data.payload(), data.ip});
  stats_.handed_over.add(data.size);
}

void Core::on_handover(Now now, const IpEndpoint& to, const IpEndpoint& from, MutableBytes room, const IpFields& ip,
                       Output& output) {
  stats_.received_by_handover.add();
  arrive(now, to, from, {room, kPeerHeadroom, room.size() - kPeerHeadroom - kPeerTailroom, ip}, output);
}

void Core::arrive(Now now, const IpEndpoint& to, const IpEndpoint& from, const Framable& data, Output& output) {
  for (size_t i = 0; i < pools_.size(); ++i) {
    if (!is_external_of(i, to.address)) continue;
    const Relay* relay = relays_.find(pools_[i].holder(to.port));
    if (relay == nullptr && (!borrowed_.empty() || !lent_.empty())) {
      const uint32_t key = key_of({static_cast<uint8_t>(i), to.port});
      if (const auto borrowed = borrowed_.find(key); borrowed != borrowed_.end())
        relay = relays_.find(borrowed->second);
      // The port is another shard's for now: one more hop, and the last, since who borrows does not lend.
      if (const auto lent = lent_.find(key); lent != lent_.end()) {
        output.commands.emplace_back(HandOver{lent->second, to, from, data.payload(), data.ip});
        return stats_.handed_over.add(data.size);
      }
    }
    if (relay == nullptr || relay->tcp || relay->external != to.address) continue;
    return to_client(now, *allocations_.find(relay->owner), from, data, stats_.relay_to_relay, output);
  }
  drop(Drop::kRelayNotLive);
}

}  // namespace noom::turn
