#include "turn/shell/event_log.h"

#include "common/wire/stun_types.h"

namespace noom::turn {
namespace {

// "203.0.113.1:50000", or two with a space between.
std::string text_of(const std::vector<IpEndpoint>& endpoints) {
  std::string text;
  for (const IpEndpoint& endpoint : endpoints) text += (text.empty() ? "" : " ") + endpoint.to_string();
  return text;
}

}  // namespace

void EventLog::write(Now now, const std::vector<Event>& events) {
  for (const Event& event : events) std::visit([&](const auto& each) { write(now, each); }, event);
}

void EventLog::write(Now now, const AllocationCreated& event) {
  if (!sink_.enabled(LogLevel::kInfo)) return;
  const auto suppressed = created_.admit(now.mono);
  if (!suppressed) return;
  sink_.info("allocation_created",
             {{"shard", shard_},
              {"allocation", event.allocation.index},
              {"transport", to_string(event.client.transport)},
              {"client", event.client.client.to_string()},
              {"relayed", text_of(event.relayed)},
              {"username", event.username},
              {"lifetime_s", std::chrono::duration_cast<std::chrono::seconds>(event.lifetime).count()},
              {"suppressed", *suppressed}});
}

void EventLog::write(Now now, const AllocationEnded& event) {
  if (!sink_.enabled(LogLevel::kInfo)) return;
  const auto suppressed = ended_.admit(now.mono);
  if (!suppressed) return;
  sink_.info("allocation_ended",
             {{"shard", shard_},
              {"allocation", event.allocation.index},
              {"transport", to_string(event.client.transport)},
              {"client", event.client.client.to_string()},
              {"relayed", text_of(event.relayed)},
              {"username", event.username},
              {"reason", to_string(event.reason)},
              {"duration_s", std::chrono::duration_cast<std::chrono::seconds>(event.duration).count()},
              {"bytes_to_peers", event.traffic.bytes_to_peers},
              {"bytes_to_client", event.traffic.bytes_to_client},
              {"packets_to_peers", event.traffic.packets_to_peers},
              {"packets_to_client", event.traffic.packets_to_client},
              {"suppressed", *suppressed}});
}

void EventLog::write(Now now, const ClientMoved& event) {
  if (!sink_.enabled(LogLevel::kInfo)) return;
  const auto suppressed = moved_.admit(now.mono);
  if (!suppressed) return;
  sink_.info("client_moved", {{"shard", shard_},
                              {"allocation", event.allocation.index},
                              {"stage", to_string(event.stage)},
                              {"from_transport", to_string(event.from.transport)},
                              {"from", event.from.client.to_string()},
                              {"transport", to_string(event.to.transport)},
                              {"client", event.to.client.to_string()},
                              {"username", event.username},
                              {"suppressed", *suppressed}});
}

void EventLog::write(Now now, const Refused& event) {
  if (!sink_.enabled(LogLevel::kWarning)) return;
  const auto suppressed = refused_.admit(now.mono);
  if (!suppressed) return;
  sink_.warning("request_refused", {{"shard", shard_},
                                    {"method", wire::to_string(event.method)},
                                    {"code", static_cast<unsigned>(code_of(event.reason))},
                                    {"reason", to_string(event.reason)},
                                    {"transport", to_string(event.client.transport)},
                                    {"client", event.client.client.to_string()},
                                    {"username", event.username},
                                    {"peer", event.peer ? event.peer->to_string() : std::string()},
                                    {"rule", event.rule},
                                    {"suppressed", *suppressed}});
}

void EventLog::write(Now now, const PeerConnectionOpened& event) {
  if (!sink_.enabled(LogLevel::kInfo)) return;
  const auto suppressed = peer_opened_.admit(now.mono);
  if (!suppressed) return;
  sink_.info("peer_connection_opened", {{"shard", shard_},
                                        {"allocation", event.allocation.index},
                                        {"client", event.client.client.to_string()},
                                        {"peer", event.peer.to_string()},
                                        {"direction", event.incoming ? "in" : "out"},
                                        {"username", event.username},
                                        {"suppressed", *suppressed}});
}

void EventLog::write(Now now, const PeerConnectionEnded& event) {
  if (!sink_.enabled(LogLevel::kInfo)) return;
  const auto suppressed = peer_ended_.admit(now.mono);
  if (!suppressed) return;
  sink_.info("peer_connection_ended",
             {{"shard", shard_},
              {"allocation", event.allocation.index},
              {"client", event.client.client.to_string()},
              {"peer", event.peer.to_string()},
              {"direction", event.incoming ? "in" : "out"},
              {"username", event.username},
              {"reason", to_string(event.reason)},
              {"duration_s", std::chrono::duration_cast<std::chrono::seconds>(event.duration).count()},
              {"bytes_to_peer", event.bytes_to_peer},
              {"bytes_to_client", event.bytes_to_client},
              {"suppressed", *suppressed}});
}

void EventLog::peer_connect_failed(Now now, std::string_view reason) {
  if (!sink_.enabled(LogLevel::kDebug)) return;
  if (const auto suppressed = peer_connect_failed_.admit(now.mono)) {
    sink_.debug("peer_connect_failed", {{"shard", shard_}, {"reason", reason}, {"suppressed", *suppressed}});
  }
}

void EventLog::write(Now now, const RateLimited& event) {
  if (!sink_.enabled(LogLevel::kWarning)) return;
  const auto suppressed = rate_limited_.admit(now.mono);
  if (!suppressed) return;
  sink_.warning("rate_limited", {{"shard", shard_},
                                 {"transport", to_string(event.client.transport)},
                                 {"client", event.client.client.to_string()},
                                 {"username", event.username},
                                 {"reason", to_string(event.reason)},
                                 {"direction", event.direction == Direction::kToPeers ? "to_peers" : "to_client"},
                                 {"per_second", event.per_second},
                                 {"dropped", event.dropped},
                                 {"suppressed", *suppressed}});
}

void EventLog::write(Now now, const Ignored& event) {
  if (!sink_.enabled(LogLevel::kWarning)) return;
  const auto suppressed = ignored_.admit(now.mono);
  if (!suppressed) return;
  sink_.warning("client_ignored", {{"shard", shard_},
                                   {"transport", to_string(event.client.transport)},
                                   {"client", event.client.client.to_string()},
                                   {"reason", to_string(event.reason)},
                                   {"rule", event.rule},
                                   {"suppressed", *suppressed}});
}

void EventLog::relay_open_failed(Now now, const absl::Status& reason) {
  if (const auto suppressed = relay_open_failed_.admit(now.mono)) {
    sink_.warning("relay_open_failed",
                  {{"shard", shard_}, {"reason", std::string(reason.message())}, {"suppressed", *suppressed}});
  }
}

void EventLog::stream_ended(Now now, const FiveTuple& client, StreamEnd reason, std::string_view detail) {
  if (!sink_.enabled(LogLevel::kDebug)) return;
  if (const auto suppressed = stream_ended_.admit(now.mono)) {
    sink_.debug("stream_ended", {{"shard", shard_},
                                 {"transport", to_string(client.transport)},
                                 {"client", client.client.to_string()},
                                 {"reason", to_string(reason)},
                                 {"detail", detail},
                                 {"suppressed", *suppressed}});
  }
}

void EventLog::stream_refused(Now now, const IpEndpoint& client, StreamRefusal reason, std::string_view rule) {
  if (const auto suppressed = stream_refused_.admit(now.mono)) {
    sink_.warning("stream_refused", {{"shard", shard_},
                                     {"client", client.to_string()},
                                     {"reason", to_string(reason)},
                                     {"rule", rule},
                                     {"suppressed", *suppressed}});
  }
}

void EventLog::dtls_refused(Now now, const IpEndpoint& client, DtlsDrop reason) {
  if (const auto suppressed = dtls_refused_.admit(now.mono)) {
    sink_.warning("dtls_refused", {{"shard", shard_},
                                   {"client", client.to_string()},
                                   {"reason", to_string(reason)},
                                   {"suppressed", *suppressed}});
  }
}

void EventLog::dtls_handshake_failed(Now now, const FiveTuple& client, DtlsHandshake result, std::string_view detail) {
  if (!sink_.enabled(LogLevel::kDebug)) return;
  if (const auto suppressed = dtls_handshake_failed_.admit(now.mono)) {
    sink_.debug("dtls_handshake_failed", {{"shard", shard_},
                                          {"client", client.client.to_string()},
                                          {"reason", to_string(result)},
                                          {"detail", detail},
                                          {"suppressed", *suppressed}});
  }
}

void EventLog::dtls_ended(Now now, const FiveTuple& client, DtlsEnd reason, std::string_view detail) {
  if (!sink_.enabled(LogLevel::kDebug)) return;
  if (const auto suppressed = dtls_ended_.admit(now.mono)) {
    sink_.debug("dtls_ended", {{"shard", shard_},
                               {"client", client.client.to_string()},
                               {"reason", to_string(reason)},
                               {"detail", detail},
                               {"suppressed", *suppressed}});
  }
}

}  // namespace noom::turn
