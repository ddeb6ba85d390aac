// ConnectionBind, RFC 6062 §5.4: the connection it comes on carries the bytes of one peer connection from then on.
#include "turn/core/core.h"

namespace noom::turn {

using wire::Attr;

void Core::connection_bind(Request& request) {
  // Not over TCP or TLS: 400; on a control connection: 400.
  const FiveTuple& client = request.from.client;
  if (!is_stream(client.transport)) return refuse(request, Reason::kTcpOverDatagrams);
  if (has_allocation(client)) return refuse(request, Reason::kBindOnControl);

  // CONNECTION-ID missing, or not of a connection that waits: 400.
  const auto number = request.message.u32(Attr::kConnectionId);
  if (!number)
    return refuse(
        request, request.message.has(Attr::kConnectionId) ? Reason::kMalformedAttribute : Reason::kMissingConnectionId);
  // Another shard's: it decides, and the stream has to go there in any case.
  const uint32_t owner = shard_of_connection(*number);
  if (owner != shard_ && owner < settings_->shard_count)
    return void(request.output.commands.emplace_back(MoveClient{owner, client, request.message.bytes()}));
  const auto found = by_connection_.find(*number);
  PeerConnection* const connection = found == by_connection_.end() ? nullptr : connections_.find(found->second);
  if (connection == nullptr || connection->state != PeerConnection::State::kUnbound)
    return refuse(request, Reason::kUnknownConnection);

  // Other credentials than the control connection's (§4.3): 441. The name in access tokens is their key's, which many
  // clients share; what tells those apart is the key inside.
  const Allocation& allocation = *allocations_.find(connection->owner);
  const bool same_user = allocation.username == request.from.username && allocation.by_token == request.by_token &&
                         (!request.by_token || equal_constant_time(allocation.key.bytes(), request.key.bytes()));
  if (!same_user) return refuse(request, Reason::kOtherUser);

  connection->state = PeerConnection::State::kBound;
  connection_deadlines_.clear(found->second.index);
  stats_.peer_connections_unbound.subtract();
  stats_.peer_connections_bound.add();
  request.output.commands.emplace_back(BindPeer{found->second, client});
  succeed(request.from, request.output);
}

}  // namespace noom::turn
