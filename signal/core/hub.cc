#include "signal/core/hub.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace noom::signal {
namespace {

constexpr size_t kOpeningAddressesMax = 65'536;  // two generations of at most 48 bytes each: 6 MB
constexpr uint32_t kFullRetryAfter = 30;         // seconds: sessions end one by one
constexpr uint32_t kDrainRetryAfter = 2;         // seconds: another process is about to take over

std::string_view to_string(LeaveReason reason) {
  switch (reason) {
    case LeaveReason::kLeft:
      return "left";
    case LeaveReason::kClosed:
      return "closed";
    case LeaveReason::kTimeout:
      break;
  }
  return "timeout";
}

uint32_t whole_seconds(double seconds) {
  return std::max(1u, static_cast<uint32_t>(std::ceil(seconds)));
}

}  // namespace

std::string_view to_string(OpenRefusal refusal) {
  switch (refusal) {
    case OpenRefusal::kRateLimited:
      return "rate_limited";
    case OpenRefusal::kServerFull:
      return "server_full";
    case OpenRefusal::kGoingAway:
      break;
  }
  return "going_away";
}

Hub::Hub(std::shared_ptr<const Settings> settings, Random& random)
    : settings_(std::move(settings)), random_(random), openings_(settings_->openings, kOpeningAddressesMax) {}

std::variant<SessionId, OpenRefused> Hub::on_open(Now now, const ClientInfo& client, Output& output) {
  const auto refuse_open = [&](OpenRefusal reason, uint32_t retry_after_s) {
    stats_.sessions_refused[static_cast<size_t>(reason)].add();
    return OpenRefused{reason, retry_after_s};
  };
  if (draining_) return refuse_open(OpenRefusal::kGoingAway, kDrainRetryAfter);
  const bool exempt =
      std::any_of(settings_->openings_exempt.begin(), settings_->openings_exempt.end(),
                  [&](const auth::IpPrefix& prefix) { return prefix.contains(client.address.unmapped()); });
  if (!exempt && !openings_.take(now.mono, client.address)) {
    return refuse_open(OpenRefusal::kRateLimited, whole_seconds(openings_.wait_s(client.address)));
  }
  if (sessions_.size() >= settings_->sessions_max) return refuse_open(OpenRefusal::kServerFull, kFullRetryAfter);

  Session session;
  session.host = client.host;
  session.tag = draw_tag("s_");
  session.heard = now.mono;
  const SessionId id = sessions_.insert(std::move(session));
  deadlines_.set(id.index, now.mono + settings_->hello_timeout);
  stats_.sessions.add();
  stats_.sessions_opened.add();
  output.events.push_back(
      {LogLevel::kDebug, "session_opened", {"address", client.address.to_string()}, sessions_.find(id)->tag, {}, {}});
  return id;
}

void Hub::on_pong(Now now, SessionId id) {
  if (Session* session = sessions_.find(id)) session->heard = now.mono;
}

void Hub::on_closed(Now now, SessionId id, Output& output) {
  end_session(now, id, LeaveReason::kClosed, output);
}

void Hub::on_tick(Now now, Output& output) {
  while (const auto index = deadlines_.pop_due(now.mono)) on_deadline(now, sessions_.at_index(*index), output);
}

std::optional<Mono> Hub::next_deadline() const {
  return deadlines_.next();
}

// A session that was heard since its deadline was set gets a new one without a ping: only silence costs a frame.
void Hub::on_deadline(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session->stage == SessionStage::kOpened) {
    return close_session(now, id, CloseCode::kNoHello, "no hello in time", LeaveReason::kTimeout, output);
  }
  if (session->stage == SessionStage::kPinged && session->heard < session->pinged) {
    return close_session(now, id, CloseCode::kPingTimeout, "no answer to a ping", LeaveReason::kTimeout, output);
  }
  const Mono ping_due = session->heard + settings_->ping_interval;
  if (ping_due > now.mono) {
    session->stage = SessionStage::kGreeted;
    deadlines_.set(id.index, ping_due);
  } else {
    session->stage = SessionStage::kPinged;
    session->pinged = now.mono;
    deadlines_.set(id.index, now.mono + settings_->ping_timeout);
    output.pings.push_back(id);
  }
}

void Hub::on_drain(Now now, Output& output) {
  draining_ = true;
  sessions_.for_each([&](SessionId id, Session& session) {
    session.room = {};
    output.closes.push_back({id, CloseCode::kGoingAway, "the server is going away"});
  });
  rooms_ = {};
  room_by_name_.clear();
  stats_.rooms.set(0);
  stats_.members.set(0);
  for (size_t i = output.closes.size(); i-- > 0;)
    end_session(now, output.closes[i].session, LeaveReason::kClosed, output);
}

void Hub::leave_room(Now, Session& session, LeaveReason reason, Output& output) {
  Room* room = rooms_.find(session.room);
  if (room == nullptr) return;
  room->leave(session.peer);
  stats_.members.subtract();
  output.events.push_back(
      {LogLevel::kInfo, "peer_left", {"reason", to_string(reason)}, session.tag, room->tag(), session.peer});
  if (room->empty()) {
    room_by_name_.erase(room->name());
    rooms_.erase(session.room);
    stats_.rooms.subtract();
  } else {
    deliver(build_peer_left(room->name(), room->at(), session.peer, to_string(reason)), room->others(session.peer),
            output);
  }
  session.room = {};
  session.peer.clear();
}

void Hub::end_session(Now now, SessionId id, LeaveReason reason, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  leave_room(now, *session, reason, output);
  output.events.push_back({LogLevel::kDebug, "session_closed", {"reason", to_string(reason)}, session->tag, {}, {}});
  deadlines_.clear(id.index);
  sessions_.erase(id);
  stats_.sessions.subtract();
}

void Hub::close_session(Now now, SessionId id, CloseCode code, std::string_view why, LeaveReason reason,
                        Output& output) {
  output.closes.push_back({id, code, why});
  end_session(now, id, reason, output);
}

void Hub::deliver(std::string text, SessionId receiver, Output& output) {
  deliver(std::move(text), std::vector<SessionId>{receiver}, output);
}

void Hub::deliver(std::string text, std::vector<SessionId> receivers, Output& output) {
  if (receivers.empty()) return;
  stats_.deliveries.add(receivers.size());
  output.deliveries.push_back({std::make_shared<const std::string>(std::move(text)), std::move(receivers)});
}

// 72 bits: enough that nobody guesses or meets another's.
std::string Hub::draw_tag(std::string_view prefix) {
  std::array<std::byte, 9> bytes{};
  random_.fill(bytes);
  const std::string_view text = as_text(bytes);
  return std::string(prefix) + absl::WebSafeBase64Escape({text.data(), text.size()});
}

}  // namespace noom::signal
