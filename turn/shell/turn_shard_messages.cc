// What shards hand over and tell each other: sending it is obeying a command, receiving it is an event of the core.
#include "common/io/clocks.h"
#include "turn/shell/turn_shard.h"

namespace noom::turn {

void TurnShard::on_handover(uint32_t from, std::unique_ptr<HandoverBatch> batch) {
  if (stopped_) return;
  const Now now = io::read_clocks();
  for (const HandoverBatch::Datagram& datagram : batch->datagrams()) {
    if (const auto* between = std::get_if<HandoverBatch::BetweenRelays>(&datagram.route)) {
      server_.on_handover(now, between->to, between->from, datagram.room, between->ip, output_);
    } else if (const auto* said = std::get_if<HandoverBatch::FromClient>(&datagram.route)) {
      server_.on_forwarded(now, said->client, from, datagram.payload(), said->ip, output_);
    } else {
      const auto& answer = std::get<HandoverBatch::ToClient>(datagram.route);
      send({.client = answer.client, .bytes = datagram.payload(), .ip = answer.ip});
    }
  }
  pump_.flush_soon();
  handed_over_.push_back(std::move(batch));
  settle(now);
}

void TurnShard::on_shard_message(const ShardMessage& message) {
  if (stopped_) return;
  const Now now = io::read_clocks();
  server_.on_shard_message(now, message, output_);
  settle(now);
}

void TurnShard::obey(Now, const HandOver& command) {
  if (!outbox_.add(command.shard, HandoverBatch::BetweenRelays{command.to, command.from, command.ip}, command.payload))
    stats_.drops[ShellDrop::kHandoverFull].add();
}

void TurnShard::obey(Now, const TellShard& command) {
  TurnShard* const shard = shards_[command.shard];
  shard->shard_.post([shard, message = command.message] { shard->on_shard_message(message); });
}

void TurnShard::obey(Now, const Forward& command) {
  if (!outbox_.add(command.shard, HandoverBatch::FromClient{command.client, command.ip}, command.message))
    stats_.drops[ShellDrop::kHandoverFull].add();
}

void TurnShard::obey(Now now, const WatchClient& command) {
  const bool is_here =
      is_stream(command.client.transport) ? streams_.contains(command.client) : dtls_.contains(command.client);
  if (!is_here) server_.on_client_closed(now, command.client, output_);
}

}  // namespace noom::turn
