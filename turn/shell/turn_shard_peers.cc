// The TCP relays of a shard: RFC 6062's commands and events, and streams that go from one shard to another.
#include "turn/shell/turn_shard.h"

namespace noom::turn {

void TurnShard::on_peer_connected(PeerConnectionId connection) {
  const Now now = io::read_clocks();
  server_.on_peer_connected(now, connection, output_);
  settle(now);
}

void TurnShard::on_peer_connect_failed(PeerConnectionId connection, std::string_view reason) {
  const Now now = io::read_clocks();
  peers_.close(connection);
  log_.peer_connect_failed(now, reason);
  server_.on_peer_connect_failed(now, connection, output_);
  settle(now);
}

std::optional<PeerConnectionId> TurnShard::on_peer_accepted(RelayId relay, const IpEndpoint& peer) {
  const Now now = io::read_clocks();
  const auto connection = server_.on_peer_accepted(now, relay, peer, output_);
  settle(now);
  return connection;
}

void TurnShard::on_peer_closed(PeerConnectionId connection, std::string_view) {
  if (stopped_) return;
  const Now now = io::read_clocks();
  peers_.close(connection);
  server_.on_peer_closed(now, connection, output_);
  settle(now);
}

Duration TurnShard::on_stream_relayed(PeerConnectionId connection, Towards towards, size_t bytes) {
  return server_.on_stream_relayed(io::read_clocks(), connection, towards, bytes);
}

void TurnShard::obey(Now, const ConnectPeer& command) {
  peers_.connect(command.connection, command.relay, command.peer);
}

void TurnShard::obey(Now, const ClosePeer& command) {
  peers_.close(command.connection);
}

void TurnShard::obey(Now, const BindPeer& command) {
  departures_.push_back({command.client, [this, id = command.connection](std::optional<StreamLeaver> client) {
                           if (!client) return on_peer_closed(id, "the client left");
                           stats_.streams_ended[StreamEnd::kDataConnection].add();
                           peers_.bind(id, *std::move(client));
                         }});
}

void TurnShard::obey(Now, const MoveClient& command) {
  TurnShard* const to = shards_[command.shard];
  departures_.push_back({command.client, [to, message = std::vector(command.message.begin(), command.message.end())](
                                             std::optional<StreamLeaver> client) mutable {
                           if (!client) return;
                           to->shard_.post([to, message = std::move(message), stream = client->stream.detach(),
                                            place = std::move(client->place), tuple = client->five_tuple,
                                            reads = std::move(client->reads)]() mutable {
                             to->streams_.adopt(std::move(stream), std::move(place), tuple, std::move(reads), message);
                           });
                         }});
}

}  // namespace noom::turn
