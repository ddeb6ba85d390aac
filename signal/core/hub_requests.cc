// What each request of noom.v1 does: docs/protocol/noom-v1.md, in its order.
#include <algorithm>
#include <utility>

#include "common/auth/credentials.h"
#include "signal/core/host.h"
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

constexpr uint32_t kRoomRetryAfter = 5;  // seconds: someone may leave

}  // namespace

void Hub::on_message(Now now, SessionId id, std::string_view text, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  session->heard = now.mono;
  auto parsed = parse_request(text);
  const auto* error = std::get_if<RequestError>(&parsed);
  auto* request = std::get_if<Request>(&parsed);
  std::optional<RequestType> type;
  if (request != nullptr) {
    type = request->type();
    stats_.requests[static_cast<size_t>(*type)].add();
  }
  Asking asking = asking_of(now, id, *session, request != nullptr ? request->id_json : error->id_json, output);
  count_received(asking, type);
  if (!admit_request(asking, type)) return acknowledge_client(id, output);
  if (error != nullptr) {
    refuse(asking, error->code, error->message);
  } else if (asking.seat == nullptr && type != RequestType::kHello) {
    refuse(asking, ErrorCode::kHelloRequired, "Say hello first.");
  } else {
    std::visit([&](auto& body) { handle(asking, body); }, request->body);
  }
  acknowledge_client(id, output);
}

void Hub::on_binary(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  session->heard = now.mono;
  Asking asking = asking_of(now, id, *session, {}, output);
  count_received(asking, std::nullopt);
  if (admit_request(asking, std::nullopt)) refuse(asking, ErrorCode::kBadJson, "Messages must be text, not binary.");
  acknowledge_client(id, output);
}

// The client would send the same again: its seat ends too.
void Hub::on_oversize(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  Asking asking = asking_of(now, id, *session, {}, output);
  refuse(asking, ErrorCode::kFrameTooBig,
         "A message may have " + std::to_string(settings_->frame_bytes_max) + " bytes at most.");
  end_seat(session->seat, LeaveReason::kClosed, output);
  close_session(now, id, CloseCode::kTooBig, "message too big", LeaveReason::kClosed, output);
}

void Hub::handle(Asking& asking, Join& join) {
  Seat& seat = *asking.seat;
  if (seat.room.valid()) return refuse(asking, ErrorCode::kAlreadyJoined, "This session is in a room; leave it first.");
  Room* room = open_room(asking, join.room);
  if (room == nullptr) return;
  seat.peer = peer_for(seat, *room);
  room->join({.seat = asking.seat_id,
              .peer = seat.peer,
              .name = std::move(join.name),
              .metadata_json = std::string(join.metadata_json),
              .role = room->empty() ? kHostRole : kMemberRole});
  stats_.members.add();
  if (join.metadata_ttl) seat.metadata_ends = asking.now.mono + *join.metadata_ttl;
  set_seat_deadline(asking.seat_id, seat);

  const Member& member = room->members().back();
  const std::vector<IceServer> ice_servers = mint_ice_servers(asking, *room, seat.peer);
  const std::string ticket = seat.can_resume ? new_ticket(asking.now, seat) : std::string();
  JoinedView joined{.room = room->name(),
                    .at = room->at(),
                    .peer = seat.peer,
                    .role = member.role,
                    .peers = room->views_of_others(seat.peer),
                    .ice_servers = &ice_servers,
                    .ticket = ticket};
  if (!settings_->turn_secret.empty()) joined.ice_ttl = settings_->turn_ttl;
  deliver(build_joined(asking.re, joined), asking.seat_id, asking.output);
  deliver(build_peer_joined(room->name(), room->at(), member.view(false)), room->others(seat.peer), asking.output);
  asking.output.events.push_back(
      {LogLevel::kInfo, "peer_joined", {"members", room->members().size()}, seat.tag, room->tag(), seat.peer});
}

// The room of that name with a place free, made when there is none; otherwise nullptr, and the request is answered.
Room* Hub::open_room(Asking& asking, const std::string& name) {
  if (const auto known = room_by_name_.find(name); known != room_by_name_.end()) {
    Room* room = rooms_.find(known->second);
    if (room->full()) {
      refuse(asking, ErrorCode::kRoomFull,
             "The room \"" + name + "\" holds " + std::to_string(room->capacity()) + " people at most.",
             kRoomRetryAfter);
      return nullptr;
    }
    asking.seat->room = known->second;
    return room;
  }
  if (rooms_.size() >= settings_->rooms_max) {
    refuse(asking, ErrorCode::kTooManyRooms, "The server holds as many rooms as it may.", kRoomRetryAfter);
    return nullptr;
  }
  // Seconds since 1970 or the next number: larger than any epoch before it, also after a restart.
  last_epoch_ = std::max(last_epoch_ + 1, static_cast<uint64_t>(std::max<int64_t>(0, unix_seconds(asking.now.wall))));
  asking.seat->room = rooms_.insert(Room(name, draw_tag("r_"), last_epoch_, settings_->room_capacity));
  room_by_name_.emplace(name, asking.seat->room);
  stats_.rooms.add();
  return rooms_.find(asking.seat->room);
}

// A client whose server has died is the same peer again where nobody else is.
PeerId Hub::peer_for(Seat& seat, Room& room) {
  const PeerId claimed = std::exchange(seat.claimed_peer, {});
  const bool same_room = std::exchange(seat.claimed_room, {}) == room.name();
  return same_room && !claimed.empty() && room.find(claimed) == nullptr ? claimed : draw_tag("p_");
}

// The username says to noom-turn which room and peer an allocation belongs to, by tags that give nothing away.
std::vector<IceServer> Hub::mint_ice_servers(const Asking& asking, const Room& room, std::string_view peer) {
  IceServer stun;
  IceServer turn;
  for (const std::string& pattern : settings_->ice_urls) {
    IceServer& server = pattern.starts_with("turn") ? turn : stun;
    server.urls.push_back(fill_host(pattern, asking.seat->host));
  }
  std::vector<IceServer> servers;
  if (!stun.urls.empty()) servers.push_back(std::move(stun));
  if (!turn.urls.empty() && !settings_->turn_secret.empty()) {
    auto credentials = auth::mint_rest_credentials(settings_->turn_secret, room.tag() + "." + std::string(peer),
                                                   asking.now.wall + settings_->turn_ttl);
    turn.username = std::move(credentials.username);
    turn.credential = std::move(credentials.password);
    stats_.credentials_minted.add();
    servers.push_back(std::move(turn));
  }
  return servers;
}

void Hub::leave_room(Seat& seat, LeaveReason reason, Output& output) {
  Room* room = rooms_.find(seat.room);
  if (room == nullptr) return;
  room->leave(seat.peer);
  stats_.members.subtract();
  output.events.push_back(
      {LogLevel::kInfo, "peer_left", {"reason", to_string(reason)}, seat.tag, room->tag(), seat.peer});
  if (room->empty()) {
    room_by_name_.erase(room->name());
    rooms_.erase(seat.room);
    stats_.rooms.subtract();
  } else {
    deliver(build_peer_left(room->name(), room->at(), seat.peer, to_string(reason)), room->others(seat.peer), output);
  }
  seat.room = {};
  seat.peer.clear();
  seat.metadata_ends.reset();
  seat.told_away = false;
}

void Hub::handle(Asking& asking, Update& update) {
  Room* room = rooms_.find(asking.seat->room);
  if (room == nullptr) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  if (!admit_event(asking, *room)) return;
  Member& member = *room->find(asking.seat->peer);
  if (update.metadata_json) {
    asking.seat->metadata_ends.reset();
    if (update.metadata_ttl) asking.seat->metadata_ends = asking.now.mono + *update.metadata_ttl;
    set_seat_deadline(asking.seat_id, *asking.seat);
  }
  room->update(member, std::move(update.name), update.metadata_json);
  tell_update(*room, member, room->others(member.peer), asking.output);
  deliver(build_ok(asking.re, room->at()), asking.seat_id, asking.output);
}

void Hub::handle(Asking& asking, Leave&) {
  Room* room = rooms_.find(asking.seat->room);
  if (room == nullptr) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  deliver(build_left(asking.re, room->name()), asking.seat_id, asking.output);
  leave_room(*asking.seat, LeaveReason::kLeft, asking.output);
  set_seat_deadline(asking.seat_id, *asking.seat);
}

void Hub::handle(Asking& asking, Roster&) {
  if (!asking.seat->room.valid()) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  tell_roster(asking);
}

void Hub::handle(Asking& asking, Send& send) {
  Room* room = rooms_.find(asking.seat->room);
  if (room == nullptr) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  if (!send.to && !send.role) return broadcast(asking, *room, send);
  const std::string& from = asking.seat->peer;
  std::vector<SeatId> receivers;
  if (send.role) {
    receivers = room->others(from, *send.role);
  } else {
    const Member* target = room->find(*send.to);
    if (target == nullptr || target->seat == asking.seat_id)
      return refuse(asking, ErrorCode::kNoSuchPeer, "\"to\" names nobody else in the room.");
    receivers = {target->seat};
  }
  deliver(build_message(room->name(), from, send.data_json, std::nullopt), receivers, asking.output);
  if (!asking.re.empty()) deliver(build_ok(asking.re, std::nullopt), asking.seat_id, asking.output);
}

void Hub::broadcast(Asking& asking, Room& room, const Send& send) {
  if (!admit_event(asking, room)) return;
  const EventPosition at = room.count_broadcast();
  deliver(build_message(room.name(), asking.seat->peer, send.data_json, at), room.others(asking.seat->peer),
          asking.output);
  deliver(build_ok(asking.re, at), asking.seat_id, asking.output);
}

// What one peer is like now makes pointless what it was like before.
void Hub::tell_update(Room& room, const Member& member, const std::vector<SeatId>& receivers, Output& output) {
  deliver(build_peer_updated(room.name(), room.at(), member.view(false)), receivers, output,
          {uint64_t{member.seat.index} << 2 | 1, build_superseded(room.name(), room.at())});
}

void Hub::handle(Asking& asking, Ping&) {
  std::optional<uint64_t> received;
  if (asking.seat->can_resume) received = asking.seat->told = asking.seat->received;
  tell(build_pong(asking.re, received), asking.id, asking.output);
}

void Hub::handle(Asking& asking, Ack& ack) {
  stats_.replay_bytes.subtract(asking.seat->outbox.bytes());
  asking.seat->outbox.acknowledge(ack.received);
  stats_.replay_bytes.add(asking.seat->outbox.bytes());
}

void Hub::handle(Asking& asking, Bye&) {
  close_session(asking.now, asking.id, CloseCode::kNormal, "bye", LeaveReason::kLeft, asking.output);
}

}  // namespace noom::signal
