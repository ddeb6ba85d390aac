// A client that takes its allocation to another five-tuple by its MOBILITY-TICKET, RFC 8016 §3.2.2. Both five-tuples
// are the allocation's until data comes on the new one or the old one closes. The new one may be heard by another
// shard: forward.cc.
#include "turn/core/connection.h"
#include "turn/core/respond.h"

namespace noom::turn {

using wire::Attr;

const auth::TicketKeys& Core::ticket_keys() const {
  return settings_->ticket_keys != nullptr ? *settings_->ticket_keys : shared_->ticket_keys;
}

void Core::read_ticket(Request& request) const {
  if (request.message.method() != wire::Method::kRefresh || !settings_->mobility) return;
  if (const auto ticket = request.message.find(Attr::kMobilityTicket))
    request.ticket = ticket_keys().open(ticket->value);
}

Core::Found Core::find(const auth::MobilityTicket& ticket) {
  if (ticket.instance != shared_->instance || ticket.shard != shard_) return {};
  const AllocationId id{ticket.index, ticket.generation};
  Allocation* const allocation = allocations_.find(id);
  if (allocation == nullptr || !allocation->open || !allocation->mobility.on) return {};
  return {id, allocation};
}

// The same user of the same realm, RFC 8016 §3.2.2.
bool Core::is_of(const Allocation& allocation, const Request& request) const {
  return allocation.username == request.from.username &&
         settings_->realm_of(allocation.client) == settings_->realm_of(request.from.client);
}

// The allocation that a Refresh with a ticket moves, in the RFC's order; null when it has been answered.
Allocation* Core::moved_allocation(Request& request, AllocationId& id) {
  const auto refused = [&](Reason reason) {
    refuse(request, reason);
    return nullptr;
  };
  if (!settings_->mobility) return refused(Reason::kMobilityForbidden);
  if (!request.ticket) return refused(Reason::kBadTicket);
  const Found here = find(request.from.client);
  const Found named = find(*request.ticket);
  Allocation* const allocation = named.allocation;
  if (allocation == nullptr)
    return refused(here.allocation != nullptr ? Reason::kAllocationExists : Reason::kTicketOfNoAllocation);
  id = named.id;

  // The ticket before the good one serves retransmissions of the Refresh that brought it: answered alike.
  const Mobility& mobility = allocation->mobility;
  const uint16_t number = request.ticket->number;
  if (number != mobility.tickets) {
    const bool again = static_cast<uint16_t>(number + 1) == mobility.tickets && here.allocation == allocation &&
                       mobility.transaction_id == request.from.transaction_id && is_of(*allocation, request);
    if (!again) return refused(Reason::kTicketUsed);
    succeed_moved(request.from, request.output, id, mobility.granted_s);
    return nullptr;
  }
  if (here.allocation == allocation) return refused(Reason::kNotMoved);
  if (!is_of(*allocation, request)) return refused(Reason::kOtherUser);
  // A five-tuple has one allocation (RFC 8656 §2).
  if (here.allocation != nullptr) return refused(Reason::kAllocationExists);
  return allocation;
}

void Core::begin_move(AllocationId id, const Request& request, uint32_t granted_s) {
  Allocation& allocation = *allocations_.find(id);
  Mobility& mobility = allocation.mobility;
  abandon_move(id, request.output);
  ++mobility.tickets;
  mobility.transaction_id = request.from.transaction_id;
  mobility.granted_s = granted_s;
  mobility.arriving = Place{request.from.client, request.from.shard};
  by_client_.emplace(request.from.client, id);
  if (request.from.shard != kThisShard)
    request.output.commands.emplace_back(TellShard{request.from.shard, ForwardClient{request.from.client, shard_}});
  note_move(id, Move::kBegun, allocation.client, request.from.client, request.output);
  if (mobility.absent) complete_move(id, request.output);
}

// From now on data for the client goes to the new five-tuple, and the old one is nothing to the allocation.
void Core::complete_move(AllocationId id, Output& output) {
  Allocation& allocation = *allocations_.find(id);
  const Place from{allocation.client, allocation.client_shard};
  const Place to = *allocation.mobility.arriving;
  allocation.mobility.arriving.reset();
  allocation.mobility.absent = false;
  part(id, from, true, output);
  allocation.client = to.client;
  allocation.client_shard = to.shard;
  for (const Family family : kFamilies) {
    if (!allocation.has(family)) continue;
    stats_.allocations_of(from.client.transport, family).live.subtract();
    stats_.allocations_of(to.client.transport, family).live.add();
  }
  note_move(id, Move::kCompleted, from.client, to.client, output);
}

// Data on the new five-tuple completes the move.
void Core::arrive_at(const Found& found, const FiveTuple& client, Output& output) {
  const auto& arriving = found.allocation->mobility.arriving;
  if (arriving && arriving->client == client) complete_move(found.id, output);
}

void Core::abandon_move(AllocationId id, Output& output) {
  Allocation& allocation = *allocations_.find(id);
  if (!allocation.mobility.arriving) return;
  const Place to = *allocation.mobility.arriving;
  allocation.mobility.arriving.reset();
  part(id, to, true, output);
  note_move(id, Move::kAbandoned, allocation.client, to.client, output);
}

void Core::note_move(AllocationId id, Move stage, const FiveTuple& from, const FiveTuple& to, Output& output) {
  stats_.moves[stage].add();
  output.events.push_back(ClientMoved{
      .allocation = id, .stage = stage, .from = from, .to = to, .username = allocations_.find(id)->username});
}

// The connection has ended. One that holds a ticket may come back with it while its lifetime lasts.
void Core::client_gone(Now now, const FiveTuple& client, Output& output) {
  const Found found = find(client);
  if (found.allocation == nullptr) return;
  Mobility& mobility = found.allocation->mobility;
  if (mobility.arriving && mobility.arriving->client == client) return abandon_move(found.id, output);
  if (mobility.arriving) return complete_move(found.id, output);
  if (!mobility.on || !found.allocation->open) return end_allocation(found.id, EndReason::kClientClosed, now, output);
  part(found.id, {found.allocation->client, found.allocation->client_shard}, false, output);
  mobility.absent = true;
}

// The five-tuple is the allocation's no more; `close`: nor is there anything to say to the client on it.
void Core::part(AllocationId id, const Place& place, bool close, Output& output) {
  const auto entry = by_client_.find(place.client);
  if (entry == by_client_.end() || entry->second != id) return;
  by_client_.erase(entry);
  if (place.shard != kThisShard)
    output.commands.emplace_back(TellShard{place.shard, StopForwarding{place.client, close}});
  else if (close && is_connection(place.client.transport))
    output.commands.emplace_back(CloseClient{place.client});
}

auth::SealedTicket Core::ticket_of(AllocationId id) const {
  return ticket_keys().seal({.instance = shared_->instance,
                             .shard = static_cast<uint8_t>(shard_),
                             .index = id.index,
                             .generation = id.generation,
                             .number = allocations_.find(id)->mobility.tickets});
}

// The answer goes the way the Refresh came, whichever five-tuple data goes to.
void Core::succeed_moved(const Requester& to, Output& output, AllocationId id, uint32_t lifetime_s) {
  stats_.requests.at(to.method, 0).add();
  respond(to, wire::Class::kSuccess, output, [&](wire::MessageBuilder& builder) {
    builder.u32(Attr::kLifetime, lifetime_s).raw(Attr::kMobilityTicket, ticket_of(id));
  });
}

// To where the client is heard. Datagrams leave by this shard's own sockets, wherever that is.
void Core::deliver(const Allocation& allocation, Bytes bytes, const IpFields& ip, Output& output) {
  const bool everywhere = !is_connection(allocation.client.transport);
  output.to_clients.push_back({allocation.client, bytes, ip, everywhere ? kThisShard : allocation.client_shard});
}

}  // namespace noom::turn
