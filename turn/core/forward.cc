// Clients whose five-tuple is heard by one shard while another holds their allocation, because they moved there (RFC
// 8016). What they say is handed over whole, and the owner answers the way it came. The owner says which five-tuples
// these are, after it has verified them, and there are at most two for each of its allocations: packets alone put
// nothing into the table.
#include "turn/core/connection.h"
#include "turn/core/core.h"

namespace noom::turn {

bool Core::forward(const FiveTuple& client, Bytes message, const IpFields& ip, Output& output) {
  if (forwarded_.empty()) return false;
  const auto owner = forwarded_.find(client);
  if (owner == forwarded_.end()) return false;
  pass_on(owner->second, client, message, ip, output);
  return true;
}

// A Refresh with the ticket of another shard's allocation is that shard's to verify.
bool Core::forward_refresh(const FiveTuple& client, const wire::MessageView& message, Output& output) {
  if (message.method() != wire::Method::kRefresh || !settings_->mobility || settings_->shard_count == 1) return false;
  const auto attribute = message.find(wire::Attr::kMobilityTicket);
  const auto ticket = attribute ? ticket_keys().open(attribute->value) : std::nullopt;
  if (!ticket || ticket->instance != shared_->instance) return false;
  if (ticket->shard == shard_ || ticket->shard >= settings_->shard_count) return false;
  if (by_client_.contains(client)) return false;
  pass_on(ticket->shard, client, message.bytes(), {}, output);
  return true;
}

void Core::pass_on(uint32_t owner, const FiveTuple& client, Bytes message, const IpFields& ip, Output& output) {
  output.commands.emplace_back(Forward{owner, client, message, ip});
  stats_.forwarded_to_owner.add(message.size());
}

void Core::on_forwarded(Now now, const FiveTuple& client, uint32_t shard, MutableBytes message, const IpFields& ip,
                        Output& output) {
  stats_.received_by_handover.add();
  if (!by_client_.contains(client)) {
    // Only a ticket makes it this shard's business; the rest was under way when the allocation ended or moved on.
    const auto parsed = wire::MessageView::parse(message);
    const bool moves =
        parsed && parsed->is(wire::Method::kRefresh, wire::Class::kRequest) && parsed->has(wire::Attr::kMobilityTicket);
    if (!moves) return drop(Drop::kNoAllocation);
  }
  take(now, client, shard, message, ip, output);
}

void Core::on_message(Now, const ForwardClient& forward, Output& output) {
  if (by_client_.contains(forward.client)) {  // it made an allocation here meanwhile
    output.commands.emplace_back(TellShard{forward.owner, ForwardedClientGone{forward.client}});
    return;
  }
  if (forwarded_.insert_or_assign(forward.client, forward.owner).second) stats_.clients_forwarded.add();
  if (is_connection(forward.client.transport)) output.commands.emplace_back(WatchClient{forward.client});
}

void Core::on_message(Now, const StopForwarding& stop, Output& output) {
  if (forwarded_.erase(stop.client) == 0) return;
  stats_.clients_forwarded.subtract();
  if (stop.close && is_connection(stop.client.transport)) output.commands.emplace_back(CloseClient{stop.client});
}

void Core::on_message(Now now, const ForwardedClientGone& gone, Output& output) {
  client_gone(now, gone.client, output);
}

void Core::on_client_closed(Now now, const FiveTuple& client, Output& output) {
  const auto owner = forwarded_.find(client);
  if (owner == forwarded_.end()) return client_gone(now, client, output);
  output.commands.emplace_back(TellShard{owner->second, ForwardedClientGone{client}});
  forwarded_.erase(owner);
  stats_.clients_forwarded.subtract();
}

}  // namespace noom::turn
