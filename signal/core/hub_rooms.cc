// The edge's part in rooms: it passes requests on to the host that owns the room and obeys what the host says.
#include <map>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"
#include "signal/core/join_ticket.h"

namespace noom::signal {
namespace {

ErrorCode code_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::kRequired:
      return ErrorCode::kTokenRequired;
    case TokenFault::kExpired:
      return ErrorCode::kTokenExpired;
    case TokenFault::kWrongRoom:
      return ErrorCode::kWrongRoom;
    case TokenFault::kInvalid:
      break;
  }
  return ErrorCode::kTokenInvalid;
}

}  // namespace

void Hub::handle(Asking& asking, Join& join) {
  Seat& seat = *asking.seat;
  if (seat.place.valid() || (nodes_ != nullptr && nodes_->joining.contains(asking.seat_id)))
    return refuse(asking, ErrorCode::kAlreadyJoined, "This session is in a room; leave it first.");
  if (join.password && !seat.allowance.guesses.take(settings_->guesses, asking.now.mono)) {
    refuse_rate(asking, whole_seconds(seat.allowance.guesses.wait_s(settings_->guesses)), "Too many passwords tried.");
    return;
  }
  const auto verdict = admission_->judge(asking.now.wall, join.room, join.token);
  if (const auto* refusal = std::get_if<TokenRefusal>(&verdict))
    return refuse(asking, code_of(refusal->fault), refusal->why);
  const Grant& grant = std::get<Grant>(verdict);
  if (!owns(join.room) || must_gather(join.room)) return ask_to_join(asking, join.room, grant);
  RoomOutput said;
  host_.join(
      asker(asking),
      {.session = seat.tag, .mark = seat.mark, .grant = grant, .room = seat.claimed_room, .peer = seat.claimed_peer},
      join, said);
  obey(asking.now, said, asking.output, &asking);
}

void Hub::handle(Asking& asking, Update& update) {
  ask_room(asking, update);
}
void Hub::handle(Asking& asking, Leave& leave) {
  ask_room(asking, leave);
}
void Hub::handle(Asking& asking, Roster& roster) {
  ask_room(asking, roster);
}
void Hub::handle(Asking& asking, Send& send) {
  ask_room(asking, send);
}

template <typename Body>
void Hub::ask_room(Asking& asking, Body& body) {
  const Place& place = asking.seat->place;
  if (place.valid() && !place.is_here()) return ask_owner(asking);
  const RoomAsker asker{asking.now, {kThisNode, asking.seat_id}, place.room, asking.re};
  if (nodes_ != nullptr && place.valid() && !host_.knows(asker)) return refuse_misplaced(asking);
  RoomOutput said;
  ask_host(asker, body, said);
  obey(asking.now, said, asking.output, &asking);
}

void Hub::ask_host(const RoomAsker& asker, Request& request, RoomOutput& said) {
  std::visit(
      [&](auto& body) {
        if constexpr (requires { ask_host(asker, body, said); }) ask_host(asker, body, said);
      },
      request.body);
}
void Hub::ask_host(const RoomAsker& asker, Update& update, RoomOutput& said) {
  host_.update(asker, update, said);
}
void Hub::ask_host(const RoomAsker& asker, Leave&, RoomOutput& said) {
  host_.leave(asker, said);
}
void Hub::ask_host(const RoomAsker& asker, Roster&, RoomOutput& said) {
  host_.roster(asker, said);
}
void Hub::ask_host(const RoomAsker& asker, Send& send, RoomOutput& said) {
  host_.send(asker, send, said);
}

// Who is there now: what the client cannot know from what it has missed.
void Hub::ask_roster(Asking& asking) {
  static constexpr std::string_view kRequest = R"({"type":"roster"})";
  asking.re = {};
  asking.frame = kRequest;
  Roster roster;
  ask_room(asking, roster);
}

RoomAsker Hub::asker(const Asking& asking) const {
  return {asking.now, {kThisNode, asking.seat_id}, asking.seat->place.room, asking.re};
}

void Hub::tell_presence(Now now, SeatId id, bool away, Output& output) {
  Seat& seat = *seats_.find(id);
  seat.told_away = away;
  if (!seat.place.is_here()) {
    const auto room = nodes_->remote_rooms.find(seat.place.name);
    if (room != nodes_->remote_rooms.end()) tell_owner(now, room->second, node::SeatAway{id, seat.place.room, away});
    return;
  }
  RoomOutput said;
  host_.set_away({now, {kThisNode, id}, seat.place.room, {}}, away, said);
  obey(now, said, output);
}

void Hub::leave_room(Now now, SeatId id, LeaveReason reason, Output& output) {
  if (nodes_ != nullptr) nodes_->joining.erase(id);
  Seat& seat = *seats_.find(id);
  if (!seat.place.valid()) return;
  const Place place = std::exchange(seat.place, {});
  seat.told_away = false;
  if (!place.is_here()) {
    const auto room = nodes_->remote_rooms.find(place.name);
    if (room == nodes_->remote_rooms.end()) return;
    tell_owner(now, room->second, node::SeatEnded{id, place.room, reason});
    return forget_remote(id, place.name);
  }
  RoomOutput said;
  host_.remove({now, {kThisNode, id}, place.room, {}}, reason, said);
  obey(now, said, output);
}

// ---- what a host says ----

void Hub::obey(Now now, RoomOutput& said, Output& output, Asking* asking) {
  for (RoomItem& item : said.items) {
    std::visit([&](auto& what) { obey(now, what, output, asking); }, item);
  }
  stats_.revocations.add(said.revocations.size());
  for (Revocation& revocation : said.revocations) {
    revocation.until = now.wall + settings_->turn_ttl;
    revocations_.add(now.wall, revocation);
    output.revocations.push_back(std::move(revocation));
  }
  for (Notice& notice : said.notices) output.notices.push_back(std::move(notice));
  for (Event& event : said.events) output.events.push_back(std::move(event));
}

void Hub::obey(Now now, RoomDelivery& delivery, Output& output, Asking*) {
  if (nodes_ != nullptr) {
    deliver_elsewhere(now, delivery);
    if (delivery.counted) keep_in_step(now, kThisNode, delivery.receivers, *delivery.counted);
  }
  deliver(std::move(delivery.text), delivery.receivers, output, std::move(delivery.by));
}

void Hub::obey(Now now, RoomJoined& joined, Output& output, Asking*) {
  const SeatId id = joined.seat.seat;
  if (joined.seat.node != kThisNode) {
    node::Joined message{id, std::string(joined.re), joined.id, std::string(joined.view.peer), {}, {}};
    for (const WaitingView& waiting : joined.view.waiting)
      message.waiting.push_back({std::string(waiting.peer), std::string(waiting.name)});
    message.room = room_for_edge(*std::move(joined.room), joined.seat.node);
    return tell_node(now, joined.seat.node, message);
  }
  Seat* seat = seats_.find(id);
  if (nodes_ != nullptr) nodes_->joining.erase(id);
  if (seat == nullptr) return;
  seat->place = {.room = joined.id,
                 .name = std::string(joined.view.room),
                 .tag = std::string(joined.room_tag),
                 .peer = PeerId(joined.view.peer),
                 .ice_due = {},
                 .relays = {},
                 .at = joined.view.at};
  answer_join(now, id, joined.re, joined.view, output);
}

void Hub::answer_join(Now now, SeatId id, std::string_view re, JoinedView& view, Output& output) {
  Seat& seat = *seats_.find(id);
  seat.claimed_room.clear();
  seat.claimed_peer.clear();
  const std::vector<IceServer> ice_servers = mint_ice_servers(now, seat);
  const std::string ticket = seat.can_resume ? new_ticket(now, seat) : std::string();
  view.ice_servers = &ice_servers;
  view.ticket = ticket;
  if (!settings_->turn_secret.empty()) view.ice_ttl = settings_->turn_ttl;
  deliver(build_joined(re, view), id, output);
  set_seat_deadline(id, seat);
}

void Hub::obey(Now now, RoomWaiting& waiting, Output& output, Asking*) {
  const SeatId id = waiting.seat.seat;
  if (waiting.seat.node != kThisNode) {
    return tell_node(
        now, waiting.seat.node,
        node::Waits{id, waiting.id, std::string(waiting.peer),
                    room_for_edge(host_.state_of(now, waiting.id), waiting.seat.node), std::move(waiting.text)});
  }
  Seat* seat = seats_.find(id);
  if (nodes_ != nullptr) nodes_->joining.erase(id);
  if (seat == nullptr) return;
  seat->place = {.room = waiting.id,
                 .name = std::string(waiting.room),
                 .tag = std::string(waiting.room_tag),
                 .peer = PeerId(waiting.peer),
                 .ice_due = {},
                 .relays = {},
                 .waiting = true};
  deliver(std::move(waiting.text), id, output);
}

// Every node has the same key: whoever owns the room makes the ticket.
void Hub::obey(Now now, RoomInvited& invited, Output& output, Asking* asking) {
  const auth::Seal* seal = admission_->tickets();
  if (seal == nullptr) {
    RoomRefused refused{invited.seat, invited.re, ErrorCode::kForbidden, "This server takes no tickets.", {}};
    return obey(now, refused, output, asking);
  }
  const std::string ticket = mint_join_ticket(
      *seal, now.wall, random_,
      {.room = std::string(invited.room), .role = invited.role, .identity = {}, .lifetime = invited.lifetime});
  RoomDelivery delivery{
      build_invited(invited.re, invited.room, to_string(invited.role), ticket, invited.lifetime), {invited.seat}, {}};
  obey(now, delivery, output, asking);
}

void Hub::obey(Now now, RoomLeft& left, Output& output, Asking*) {
  if (left.seat.node != kThisNode)
    return tell_node(now, left.seat.node, node::LeftRoom{left.seat.seat, left.text, left.room});
  const Seat* seat = seats_.find(left.seat.seat);
  if (seat != nullptr && (!left.room || seat->place.room == *left.room)) leave_place(left.seat.seat, left.text, output);
}

void Hub::leave_place(SeatId id, const std::string& text, Output& output) {
  Seat& seat = *seats_.find(id);
  const Place place = std::exchange(seat.place, {});
  seat.told_away = false;
  forget_remote(id, place.name);
  if (!text.empty()) deliver(text, id, output);
}

void Hub::obey(Now now, RoomRefused& refused, Output& output, Asking* asking) {
  const SeatId id = refused.seat.seat;
  if (refused.seat.node != kThisNode) {
    return tell_node(now, refused.seat.node,
                     node::Refused{id, std::string(refused.re), refused.code, refused.message, refused.retry_after_s});
  }
  if (nodes_ != nullptr) nodes_->joining.erase(id);
  if (asking == nullptr)
    return refuse_seat(id, refused.re, refused.code, refused.message, refused.retry_after_s, output);
  if (refused.code == ErrorCode::kRateLimited) {
    refuse_rate(*asking, refused.retry_after_s.value_or(1), refused.message);
  } else {
    refuse(*asking, refused.code, refused.message, refused.retry_after_s);
  }
}

void Hub::refuse_seat(SeatId id, std::string_view re, ErrorCode code, std::string_view message,
                      std::optional<uint32_t> retry_after_s, Output& output) {
  if (seats_.find(id) == nullptr) return;
  stats_.errors[static_cast<size_t>(code)].add();
  deliver(build_error(re, code, message, retry_after_s), id, output);
}

void Hub::obey(Now now, RoomAttached& attached, Output&, Asking*) {
  const SeatId id = attached.seat.seat;
  const std::string name(host_.name_of(attached.id));
  if (attached.seat.node != kThisNode)
    return tell_node(now, attached.seat.node, node::Attached{id, attached.id, name, attached.whole});
  Seat* seat = seats_.find(id);
  if (seat == nullptr) return;
  // What was held goes to the host, which is here now.
  const auto room = nodes_->remote_rooms.find(name);
  if (room != nodes_->remote_rooms.end()) {
    for (node::Message& message : std::exchange(room->second.held, {}))
      tell_node(now, kThisNode, node::PassedOn{nodes_->name(kThisNode), name, node::encode(message), 0});
  }
  forget_remote(id, name);
  place_at(id, kThisNode, attached.id);
  if (!attached.whole && seat->place.out_of_step) nodes_->out_of_step.push_back(id);
  if (!seat->told_away) tell_node(now, kThisNode, node::SeatAway{id, attached.id, false});
}

void Hub::obey(Now now, RoomChanged& changed, Output&, Asking*) {
  fill_in_node(changed.member);
  for (const uint32_t node : changed.nodes)
    tell_node(now, node, node::Changed{changed.room, changed.at, changed.member, changed.gone});
}

void Hub::obey(Now now, RoomRulesChanged& changed, Output&, Asking*) {
  for (const uint32_t node : changed.nodes) tell_node(now, node, node::Rules{changed.room});
}

void Hub::deliver_elsewhere(Now now, const RoomDelivery& delivery) {
  std::map<uint32_t, std::vector<SeatId>> seats;
  for (const SeatAddress& receiver : delivery.receivers) {
    if (receiver.node != kThisNode) seats[receiver.node].push_back(receiver.seat);
  }
  for (auto& [node, receivers] : seats)
    tell_node(now, node,
              node::Delivered{std::move(receivers), delivery.room, delivery.text, delivery.by.subject, delivery.by.stub,
                              delivery.counted});
}

}  // namespace noom::signal
