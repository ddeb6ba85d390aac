// What each request of noom.v1 does: docs/protocol/noom-v1.md, in its order.
#include <algorithm>
#include <cmath>

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
  if (const auto* error = std::get_if<RequestError>(&parsed)) {
    Asking asking{now, id, *session, error->id_json, output};
    if (admit_request(asking, std::nullopt)) refuse(asking, error->code, error->message);
    return;
  }
  auto& request = std::get<Request>(parsed);
  stats_.requests[static_cast<size_t>(request.type())].add();
  Asking asking{now, id, *session, request.id_json, output};
  if (!admit_request(asking, request.type())) return;
  if (session->stage == SessionStage::kOpened && request.type() != RequestType::kHello) {
    return refuse(asking, ErrorCode::kHelloRequired, "Say hello first.");
  }
  std::visit([&](auto& body) { handle(asking, body); }, request.body);
}

void Hub::on_binary(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  session->heard = now.mono;
  Asking asking{now, id, *session, {}, output};
  if (admit_request(asking, std::nullopt)) refuse(asking, ErrorCode::kBadJson, "Messages must be text, not binary.");
}

void Hub::on_oversize(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  Asking asking{now, id, *session, {}, output};
  refuse(asking, ErrorCode::kFrameTooBig,
         "A message may have " + std::to_string(settings_->frame_bytes_max) + " bytes at most.");
  close_session(now, id, CloseCode::kTooBig, "message too big", LeaveReason::kClosed, output);
}

void Hub::handle(Asking& asking, Hello& hello) {
  Session& session = asking.session;
  if (session.stage != SessionStage::kOpened)
    return refuse(asking, ErrorCode::kAlreadyGreeted, "hello was said already.");
  if (hello.protocol != kProtocol)
    return refuse(asking, ErrorCode::kProtocolUnsupported, "This server speaks noom.v1.");
  session.stage = SessionStage::kGreeted;
  deadlines_.set(asking.id.index, asking.now.mono + settings_->ping_interval);
  deliver(build_welcome(asking.re, {.session = session.tag,
                                    .server = settings_->server_name,
                                    .ping_interval = settings_->ping_interval,
                                    .ping_timeout = settings_->ping_timeout,
                                    .frame_bytes_max = settings_->frame_bytes_max}),
          asking.id, asking.output);
  asking.output.events.push_back({LogLevel::kDebug, "session_greeted", {"client", hello.client}, session.tag, {}, {}});
}

void Hub::handle(Asking& asking, Join& join) {
  Session& session = asking.session;
  if (session.room.valid())
    return refuse(asking, ErrorCode::kAlreadyJoined, "This session is in a room; leave it first.");
  Room* room = open_room(asking, join.room);
  if (room == nullptr) return;
  session.peer = draw_tag("p_");
  room->join({asking.id, session.peer, std::move(join.name), std::string(join.metadata_json)});
  stats_.members.add();

  const std::vector<IceServer> ice_servers = mint_ice_servers(asking, *room, session.peer);
  JoinedView joined{
      .room = room->name(), .at = room->at(), .peer = session.peer, .peers = room->views_of_others(session.peer)};
  joined.ice_servers = &ice_servers;
  if (!settings_->turn_secret.empty()) joined.ice_ttl = settings_->turn_ttl;
  deliver(build_joined(asking.re, joined), asking.id, asking.output);
  deliver(build_peer_joined(room->name(), room->at(), room->members().back().view()), room->others(session.peer),
          asking.output);
  asking.output.events.push_back(
      {LogLevel::kInfo, "peer_joined", {"members", room->members().size()}, session.tag, room->tag(), session.peer});
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
    asking.session.room = known->second;
    return room;
  }
  if (rooms_.size() >= settings_->rooms_max) {
    refuse(asking, ErrorCode::kTooManyRooms, "The server holds as many rooms as it may.", kRoomRetryAfter);
    return nullptr;
  }
  // Seconds since 1970 or the next number: larger than any epoch before it, also after a restart.
  last_epoch_ = std::max(last_epoch_ + 1, static_cast<uint64_t>(std::max<int64_t>(0, unix_seconds(asking.now.wall))));
  asking.session.room = rooms_.insert(Room(name, draw_tag("r_"), last_epoch_, settings_->room_capacity));
  room_by_name_.emplace(name, asking.session.room);
  stats_.rooms.add();
  return rooms_.find(asking.session.room);
}

// The username says to noom-turn which room and peer an allocation belongs to, by tags that give nothing away.
std::vector<IceServer> Hub::mint_ice_servers(const Asking& asking, const Room& room, std::string_view peer) {
  IceServer stun;
  IceServer turn;
  for (const std::string& pattern : settings_->ice_urls) {
    IceServer& server = pattern.starts_with("turn") ? turn : stun;
    server.urls.push_back(fill_host(pattern, asking.session.host));
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

void Hub::handle(Asking& asking, Update& update) {
  Room* room = rooms_.find(asking.session.room);
  if (room == nullptr) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  Member& member = *room->find(asking.session.peer);
  room->update(member, std::move(update.name), update.metadata_json);
  deliver(build_peer_updated(room->name(), room->at(), member.view()), room->others(member.peer), asking.output);
  deliver(build_ok(asking.re, room->at()), asking.id, asking.output);
}

void Hub::handle(Asking& asking, Leave&) {
  Room* room = rooms_.find(asking.session.room);
  if (room == nullptr) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  deliver(build_left(asking.re, room->name()), asking.id, asking.output);
  leave_room(asking.now, asking.session, LeaveReason::kLeft, asking.output);
}

void Hub::handle(Asking& asking, Send& send) {
  Room* room = rooms_.find(asking.session.room);
  if (room == nullptr) return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  if (!send.to) return broadcast(asking, *room, send);
  const Member* target = room->find(*send.to);
  if (target == nullptr || target->session == asking.id) {
    return refuse(asking, ErrorCode::kNoSuchPeer, "\"to\" names nobody else in the room.");
  }
  deliver(build_message(room->name(), asking.session.peer, send.data_json, std::nullopt), target->session,
          asking.output);
  if (!asking.re.empty()) deliver(build_ok(asking.re, std::nullopt), asking.id, asking.output);
}

void Hub::broadcast(Asking& asking, Room& room, const Send& send) {
  const EventPosition at = room.count_broadcast();
  deliver(build_message(room.name(), asking.session.peer, send.data_json, at), room.others(asking.session.peer),
          asking.output);
  deliver(build_ok(asking.re, at), asking.id, asking.output);
}

void Hub::handle(Asking& asking, Ping&) {
  deliver(build_pong(asking.re), asking.id, asking.output);
}

void Hub::handle(Asking& asking, Bye&) {
  close_session(asking.now, asking.id, CloseCode::kNormal, "bye", LeaveReason::kLeft, asking.output);
}

// Takes from the bucket of the request's kind (malformed ones are of the common kind). False when it is empty: the
// request is answered, and a client that goes on all the same is closed.
bool Hub::admit_request(Asking& asking, std::optional<RequestType> type) {
  const bool is_send = type == RequestType::kSend;
  TokenBucket& bucket = is_send ? asking.session.sends : asking.session.requests;
  const BucketLimit& limit = is_send ? settings_->sends : settings_->requests;
  if (bucket.take(limit, asking.now.mono)) return true;
  if (!asking.session.refusals.take(settings_->refusals, asking.now.mono)) {
    close_session(asking.now, asking.id, CloseCode::kRateLimited, "rate limit exceeded again and again",
                  LeaveReason::kClosed, asking.output);
    return false;
  }
  const auto wait_s = static_cast<uint32_t>(std::ceil(bucket.wait_s(limit)));
  refuse(asking, ErrorCode::kRateLimited, "Too many messages: this one was dropped.", std::max(1u, wait_s));
  return false;
}

void Hub::refuse(Asking& asking, ErrorCode code, std::string_view message, std::optional<uint32_t> retry_after_s) {
  stats_.errors[static_cast<size_t>(code)].add();
  deliver(build_error(asking.re, code, message, retry_after_s), asking.id, asking.output);
}

}  // namespace noom::signal
