// ChannelData from a client, RFC 8656 §12.6: a live channel is all it needs.
#include "common/wire/channel_data.h"

#include "turn/core/core.h"

namespace noom::turn {

void Core::channel_data(Now now, const FiveTuple& client, MutableBytes bytes, const IpFields& ip, Output& output) {
  const auto data = wire::parse_channel_data(bytes);
  if (!data) return drop(Drop::kMalformedChannelData);
  const Found found = find(client);
  if (found.allocation == nullptr || !found.allocation->is_live(now.mono)) return drop(Drop::kNoAllocation);
  arrive_at(found, client, output);
  const Channel* const channel = found.allocation->channel(data->channel, now.mono);
  if (channel == nullptr) return drop(Drop::kNoChannel);
  if (!found.allocation->is_live(channel->peer.address.family(), now.mono)) return drop(Drop::kPeerFamily);
  to_peer(now, *found.allocation, channel->peer, {bytes, wire::kChannelHeaderSize, data->payload.size(), ip}, output);
}

}  // namespace noom::turn
