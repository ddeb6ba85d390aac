// The edge's part in rooms: it passes requests on to the host that owns the room and obeys what the host says.
#include <utility>

#include "signal/core/hub.h"

namespace noom::signal {

void Hub::handle(Asking& asking, Join& join) {
  Seat& seat = *asking.seat;
  if (seat.place.valid())
    return refuse(asking, ErrorCode::kAlreadyJoined, "This session is in a room; leave it first.");
  RoomOutput said;
  host_.join(asker(asking), {seat.tag, seat.claimed_room, seat.claimed_peer}, join, said);
  obey(said, asking.output, &asking);
}

void Hub::handle(Asking& asking, Update& update) {
  RoomOutput said;
  host_.update(asker(asking), update, said);
  obey(said, asking.output, &asking);
}

void Hub::handle(Asking& asking, Leave&) {
  RoomOutput said;
  host_.leave(asker(asking), said);
  obey(said, asking.output, &asking);
}

void Hub::handle(Asking& asking, Roster&) {
  ask_roster(asking);
}

// Who is there now: what the client cannot know from what it has missed.
void Hub::ask_roster(Asking& asking) {
  RoomOutput said;
  host_.roster(asker(asking), said);
  obey(said, asking.output, &asking);
}

void Hub::handle(Asking& asking, Send& send) {
  RoomOutput said;
  host_.send(asker(asking), send, said);
  obey(said, asking.output, &asking);
}

RoomAsker Hub::asker(const Asking& asking) const {
  return {asking.now, {kThisNode, asking.seat_id}, asking.seat->place.room, asking.re};
}

void Hub::tell_presence(Now now, SeatId id, bool away, Output& output) {
  Seat& seat = *seats_.find(id);
  seat.told_away = away;
  RoomOutput said;
  host_.set_away({now, {kThisNode, id}, seat.place.room, {}}, away, said);
  obey(said, output);
}

void Hub::leave_room(Now now, SeatId id, LeaveReason reason, Output& output) {
  Seat& seat = *seats_.find(id);
  if (!seat.place.valid()) return;
  const RoomId room = std::exchange(seat.place, {}).room;
  seat.told_away = false;
  RoomOutput said;
  host_.remove({now, {kThisNode, id}, room, {}}, reason, said);
  obey(said, output);
}

void Hub::obey(RoomOutput& said, Output& output, Asking* asking) {
  for (RoomItem& item : said.items) {
    std::visit([&](auto& what) { obey(what, output, asking); }, item);
  }
  for (Event& event : said.events) output.events.push_back(std::move(event));
}

void Hub::obey(RoomDelivery& delivery, Output& output, Asking*) {
  deliver(std::move(delivery.text), delivery.receivers, output, std::move(delivery.by));
}

void Hub::obey(RoomJoined& joined, Output& output, Asking* asking) {
  Seat& seat = *asking->seat;
  seat.place = {.room = joined.id,
                .name = std::string(joined.view.room),
                .tag = std::string(joined.room_tag),
                .peer = PeerId(joined.view.peer),
                .ice_due = {},
                .relays = {}};
  seat.claimed_room.clear();
  seat.claimed_peer.clear();
  const std::vector<IceServer> ice_servers = mint_ice_servers(asking->now, seat);
  const std::string ticket = seat.can_resume ? new_ticket(asking->now, seat) : std::string();
  joined.view.ice_servers = &ice_servers;
  joined.view.ticket = ticket;
  if (!settings_->turn_secret.empty()) joined.view.ice_ttl = settings_->turn_ttl;
  deliver(build_joined(joined.re, joined.view), joined.seat.seat, output);
  set_seat_deadline(joined.seat.seat, seat);
}

void Hub::obey(RoomLeft& left, Output& output, Asking*) {
  Seat* seat = seats_.find(left.seat.seat);
  if (seat == nullptr) return;
  seat->place = {};
  seat->told_away = false;
  if (!left.text.empty()) deliver(std::move(left.text), left.seat.seat, output);
}

void Hub::obey(RoomAttached&, Output&, Asking*) {}
void Hub::obey(RoomChanged&, Output&, Asking*) {}

void Hub::obey(RoomRefused& refused, Output&, Asking* asking) {
  if (refused.code == ErrorCode::kRateLimited) {
    refuse_rate(*asking, refused.retry_after_s.value_or(1), refused.message);
  } else {
    refuse(*asking, refused.code, refused.message, refused.retry_after_s);
  }
}

}  // namespace noom::signal
