// EVEN-PORT's reservation and the RESERVATION-TOKEN that claims it, RFC 8656 §7.2. The token may come to another shard
// than the one that owns the port: the port is then lent to that shard, which opens the relay, and returned when the
// relay ends. Meanwhile its owner passes on what other relays send there.
#include "turn/core/core.h"

namespace noom::turn {

// Step 5: 508 for a token that is not valid. The quota comes first, so that a refused claim leaves the reservation.
void Core::allocate_reserved(Request& request, uint64_t token) {
  const uint32_t owner = Reservations::shard_of(token);
  if (owner >= settings_->shard_count) return refuse(request, Reason::kBadReservationToken);
  auto fresh = new_allocation(request);
  if (!fresh) return;

  const RelayId id = relays_.insert({.reserved = true});
  if (owner != shard_) {
    fresh->relay(Family::kV4).id = id;  // until the answer tells the family
    adopt(*std::move(fresh));
    request.output.commands.emplace_back(TellShard{owner, ClaimReservation{token, shard_, id}});
    return;
  }
  const auto port = reservations_.claim(token, request.now.mono);
  if (!port) {
    relays_.erase(id);
    shared_->quota.release(fresh->quota_user());
    return refuse(request, Reason::kBadReservationToken);
  }
  stats_.relay_ports_reserved.subtract();
  Relay& relay = *relays_.find(id);
  relay.pool = port->pool;
  relay.port = port->port;
  name_relay(relay, request.from.client);
  pools_[port->pool].hold(port->port, id);
  fresh->relay(family_of(*port)).id = id;
  adopt(*std::move(fresh));
  open_relay(id, request.output);
}

void Core::reserve_next_port(Relay& relay, Allocation& allocation, Mono now) {
  const RelayPort next{relay.pool, static_cast<uint16_t>(relay.port + 1)};
  allocation.reservation_token = reservations_.add(next, allocation.quota_user(), shard_, random_, now);
  stats_.relay_ports_reserved.add();
  relay.reserving = false;  // the reservation holds the next port from now on
}

void Core::expire_reservations(Mono now) {
  while (const auto port = reservations_.pop_due(now)) {
    stats_.relay_ports_reserved.subtract();
    free_port(*port);
  }
}

void Core::on_shard_message(Now now, const ShardMessage& message, Output& output) {
  std::visit([&](const auto& each) { on_message(now, each, output); }, message);
}

void Core::on_message(Now now, const ClaimReservation& claim, Output& output) {
  const auto port = reservations_.claim(claim.token, now.mono);
  if (port) {
    stats_.relay_ports_reserved.subtract();
    lent_.emplace(key_of(*port), claim.shard);
  }
  output.commands.emplace_back(TellShard{claim.shard, ReservationAnswer{claim.relay, port}});
}

void Core::on_message(Now, const ReservationAnswer& answer, Output& output) {
  Relay* const relay = relays_.find(answer.relay);
  if (relay == nullptr) {  // ended while it waited
    if (answer.port) give_back_port({.port = answer.port->port, .pool = answer.port->pool}, output);
    return;
  }
  Allocation& allocation = *allocations_.find(relay->owner);
  if (!answer.port) {
    const AllocationId owner = relay->owner;
    refuse(requester_of(allocation), output, Reason::kBadReservationToken);
    relays_.erase(answer.relay);
    return release(owner);
  }
  if (family_of(*answer.port) == Family::kV6) std::swap(allocation.relays[0], allocation.relays[1]);
  relay->pool = answer.port->pool;
  relay->port = answer.port->port;
  name_relay(*relay, allocation.client);
  borrowed_.emplace(key_of(*answer.port), answer.relay);
  open_relay(answer.relay, output);
}

void Core::on_message(Now, const ReturnPort& returned, Output&) {
  lent_.erase(key_of(returned.port));
  free_port(returned.port);
}

void Core::give_back_port(const Relay& relay, Output& output) {
  if (relay.port == 0) return;  // not lent yet
  if (!is_own_port(relay.port)) {
    borrowed_.erase(key_of(relay.place()));
    const uint32_t owner = shard_of_port(relay.port, settings_->shard_count);
    output.commands.emplace_back(TellShard{owner, ReturnPort{relay.place()}});
    return;
  }
  free_port(relay.place());
  if (relay.reserving) free_port({relay.pool, static_cast<uint16_t>(relay.port + 1)});
}

void Core::free_port(const RelayPort& port) {
  pools_[port.pool].release(port.port);
  stats_.relay_ports_free.add();
}

}  // namespace noom::turn
