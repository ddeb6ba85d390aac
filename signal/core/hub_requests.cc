// What comes from a client, and the requests that concern its session alone. Those about a room: hub_rooms.cc.
#include "signal/core/hub.h"

namespace noom::signal {
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
  asking.frame = text;
  count_received(asking, type);
  if (!admit_request(asking, type)) return finish(now, id, output);
  if (error != nullptr) {
    refuse(asking, error->code, error->message);
  } else if (asking.seat == nullptr && type != RequestType::kHello) {
    refuse(asking, ErrorCode::kHelloRequired, "Say hello first.");
  } else {
    std::visit([&](auto& body) { handle(asking, body); }, request->body);
  }
  finish(now, id, output);
}

void Hub::on_binary(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  session->heard = now.mono;
  Asking asking = asking_of(now, id, *session, {}, output);
  count_received(asking, std::nullopt);
  if (admit_request(asking, std::nullopt)) refuse(asking, ErrorCode::kBadJson, "Messages must be text, not binary.");
  finish(now, id, output);
}

// The client would send the same again: its seat ends too.
void Hub::on_oversize(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  Asking asking = asking_of(now, id, *session, {}, output);
  refuse(asking, ErrorCode::kFrameTooBig,
         "A message may have " + std::to_string(settings_->frame_bytes_max) + " bytes at most.");
  end_seat(now, session->seat, LeaveReason::kClosed, output);
  close_session(now, id, CloseCode::kTooBig, "message too big", LeaveReason::kClosed, output);
  heed(now, output);
}

void Hub::finish(Now now, SessionId id, Output& output) {
  acknowledge_client(id, output);
  heed(now, output);
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
