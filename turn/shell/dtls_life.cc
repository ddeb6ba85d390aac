// What time does to DTLS clients: flights sent again, time-outs, and how sessions end.
#include <algorithm>

#include "turn/shell/client_source.h"
#include "turn/shell/dtls_clients.h"

namespace noom::turn {

namespace {

// OpenSSL's clock and ours are read at different times: a flight that is not quite due is asked for again no sooner.
constexpr Duration kRetransmitStep = std::chrono::milliseconds(10);

}  // namespace

void DtlsClients::reschedule(Now now, ClientId id, const DtlsClient& client) {
  Mono deadline = client.last_message + limits_.handshake_timeout;
  if (const auto after = client.session->retransmit_after())
    deadline = std::min(deadline, now.mono + std::max(*after, kRetransmitStep));
  deadlines_.set(id.index, deadline);
}

void DtlsClients::end_handshake(const DtlsClient& client) {
  stats_.handshakes_live.subtract();
  const auto pending = handshakes_.find(source_of(client.five_tuple.client.address));
  if (--pending->second == 0) handshakes_.erase(pending);
}

void DtlsClients::on_tick(Now now) {
  while (const auto index = deadlines_.pop_due(now.mono)) {
    const ClientId id = clients_.at_index(*index);
    DtlsClient& client = **clients_.find(id);
    if (client.session->established()) {
      on_idle_due(now, id, client);
    } else {
      on_handshake_due(now, id, client);
    }
  }
}

void DtlsClients::on_handshake_due(Now now, ClientId id, DtlsClient& client) {
  if (client.last_message + limits_.handshake_timeout <= now.mono)
    return abandon(now, id, DtlsHandshake::kTimedOut, {});
  wake(id);
  if (client.session->retransmit([&](Bytes datagram) { queue(client.five_tuple, datagram); }))
    return reschedule(now, id, client);
  abandon(now, id, DtlsHandshake::kTimedOut, client.session->failure());
}

void DtlsClients::on_idle_due(Now now, ClientId id, DtlsClient& client) {
  if (client.broken) return end(now, id, DtlsEnd::kFailed, Notice::kTellHost, client.session->failure());
  const Mono quiet_until = client.last_message + limits_.idle_timeout;
  if (quiet_until > now.mono) return deadlines_.set(id.index, quiet_until);
  // The allocation's own lifetime watches over it.
  if (host_.has_allocation(client.five_tuple)) return deadlines_.set(id.index, now.mono + limits_.idle_timeout);
  wake(id);
  client.session->close([&](Bytes datagram) { queue(client.five_tuple, datagram); });
  end(now, id, DtlsEnd::kIdle, Notice::kTellHost);
}

void DtlsClients::abandon(Now now, ClientId id, DtlsHandshake result, std::string_view detail) {
  stats_.handshakes[result].add();
  log_.dtls_handshake_failed(now, (*clients_.find(id))->five_tuple, result, detail);
  forget(id);
}

void DtlsClients::end(Now now, ClientId id, DtlsEnd reason, Notice notice, std::string_view detail) {
  const FiveTuple client = (*clients_.find(id))->five_tuple;
  stats_.ended[reason].add();
  log_.dtls_ended(now, client, reason, detail);
  forget(id);
  if (notice == Notice::kTellHost) host_.on_dtls_closed(now, client);
}

void DtlsClients::forget(ClientId id) {
  const std::unique_ptr<DtlsClient> client = std::move(*clients_.find(id));
  clients_.erase(id);
  deadlines_.clear(id.index);
  by_five_tuple_.erase(client->five_tuple);
  stats_.sessions_live.subtract();
  if (!client->session->established()) end_handshake(*client);
  give_back(client->five_tuple);
}

void DtlsClients::stop(Now now) {
  std::vector<ClientId> all;
  clients_.for_each([&](ClientId id, const std::unique_ptr<DtlsClient>&) { all.push_back(id); });
  for (const ClientId id : all) {
    DtlsClient& client = wake(id);
    if (!client.session->established()) {
      abandon(now, id, DtlsHandshake::kStopped, {});
      continue;
    }
    client.session->close([&](Bytes datagram) { queue(client.five_tuple, datagram); });
    end(now, id, DtlsEnd::kStopped, Notice::kSilent);
  }
}

}  // namespace noom::turn
