#include "turn/shell/dtls_clients.h"

#include <algorithm>
#include <cstring>

#include "common/wire/channel_data.h"
#include "turn/shell/client_source.h"
#include "turn/shell/dtls_guard.h"

namespace noom::turn {

using io::DtlsSession;

DtlsClients::DtlsClients(DtlsHost& host, Random& random, const DtlsLimits& limits, StreamPlaces& places,
                         DtlsStats& stats, EventLog& log)
    : host_(host), limits_(limits), places_(places), stats_(stats), log_(log), cookies_(random) {}
DtlsClients::~DtlsClients() = default;

DtlsClients::ClientId DtlsClients::find(const FiveTuple& client) const {
  const auto found = by_five_tuple_.find(client);
  return found == by_five_tuple_.end() ? ClientId() : found->second;
}

void DtlsClients::queue(const FiveTuple& client, Bytes datagram, const IpFields& ip) {
  const MutableBytes copy = arena_.take(datagram.size());
  std::memcpy(copy.data(), datagram.data(), datagram.size());
  host_.send_dtls(client, copy, ip);
}

DtlsClient& DtlsClients::wake(ClientId id) {
  DtlsClient& client = **clients_.find(id);
  if (!client.awake) awake_.push_back(id);
  client.awake = true;
  return client;
}

void DtlsClients::on_flushed() {
  for (const ClientId id : awake_) {
    auto* const client = clients_.find(id);
    if (client == nullptr) continue;
    (*client)->awake = false;
    (*client)->session->rest();
  }
  awake_.clear();
  arena_.clear();
}

void DtlsClients::on_datagram(Now now, const FiveTuple& client, MutableBytes datagram, const IpFields& ip,
                              const io::TlsContextSlot& tls) {
  stats_.received.add();
  if (datagram.empty() || wire::classify(datagram.front()) != wire::FirstByte::kDtls) return drop(DtlsDrop::kNotDtls);
  Bytes rest = datagram;
  const auto record = io::next_dtls_record(rest);
  if (!record) return drop(DtlsDrop::kMalformedRecord);
  const auto message = record->message();
  const ClientId id = find(client);
  if (message && message->type == io::kClientHelloType) {
    if (const auto hello = io::parse_client_hello(datagram)) return on_hello(now, client, datagram, *hello, tls);
    // What is left is a further fragment of a hello whose first one has proved the address.
    if (!id.valid() || (*clients_.find(id))->session->established()) return drop(DtlsDrop::kMalformedHello);
  }
  if (!id.valid()) return drop(DtlsDrop::kNoSession);
  DtlsClient& sender = **clients_.find(id);
  if (const auto reason = reject_datagram(datagram, sender.session->established(), sender.protected_early))
    return drop(*reason);
  process(now, id, datagram, ip);
}

// RFC 6347 §4.2.1, and §4.2.8 for a client that has a session: only its cookie may replace it.
void DtlsClients::on_hello(Now now, const FiveTuple& client, MutableBytes datagram, const io::ClientHello& hello,
                           const io::TlsContextSlot& tls) {
  if (!cookies_.accept(now.mono, client.client, client.server, hello)) return verify(now, client, hello);
  if (const ClientId id = find(client); id.valid()) {
    const DtlsClient& old = **clients_.find(id);
    if (old.session->began_with(hello)) return drop(DtlsDrop::kRepeatedHello);
    if (old.session->established()) {
      end(now, id, DtlsEnd::kReplaced, Notice::kTellHost);
    } else {
      abandon(now, id, DtlsHandshake::kReplaced, {});
    }
  }
  if (admit(now, client)) begin(now, client, datagram, tls);
}

void DtlsClients::verify(Now now, const FiveTuple& client, const io::ClientHello& hello) {
  std::array<std::byte, io::kHelloVerifyRequestRoom> room;
  const io::DtlsCookies::Cookie cookie = cookies_.make(now.mono, client.client, client.server, hello);
  queue(client, io::build_hello_verify_request(room, hello, cookie));
  stats_.cookies_sent.add();
  stats_.consumed.add();
}

bool DtlsClients::refuse(Now now, const FiveTuple& client, DtlsDrop reason) {
  drop(reason);
  log_.dtls_refused(now, client.client, reason);
  return false;
}

// Takes the session's places.
bool DtlsClients::admit(Now now, const FiveTuple& client) {
  const auto pending = handshakes_.find(source_of(client.client.address));
  if (stats_.handshakes_live.value() >= limits_.handshakes_max ||
      (pending != handshakes_.end() && pending->second >= limits_.handshakes_per_source_max))
    return refuse(now, client, DtlsDrop::kHandshakesFull);
  if (!places_.take()) return refuse(now, client, DtlsDrop::kFull);
  if (places_.take_of_source(client.client.address)) return true;
  places_.give_back();
  return refuse(now, client, DtlsDrop::kSourceFull);
}

void DtlsClients::give_back(const FiveTuple& client) {
  places_.give_back_of_source(client.client.address);
  places_.give_back();
}

void DtlsClients::begin(Now now, const FiveTuple& client, Bytes datagram, const io::TlsContextSlot& tls) {
  stats_.consumed.add();
  std::string_view failure;
  auto session = DtlsSession::accept(
      tls.get(), datagram, [&](Bytes answer) { queue(client, answer); }, failure);
  if (session == nullptr) {
    give_back(client);
    stats_.handshakes[DtlsHandshake::kFailed].add();
    return log_.dtls_handshake_failed(now, client, DtlsHandshake::kFailed, failure);
  }
  const ClientId id = clients_.insert(std::make_unique<DtlsClient>());
  DtlsClient& made = wake(id);
  made.session = std::move(session);
  made.five_tuple = client;
  made.last_message = now.mono;
  by_five_tuple_[client] = id;
  ++handshakes_[source_of(client.client.address)];
  stats_.sessions_live.add();
  stats_.handshakes_live.add();
  reschedule(now, id, made);
}

// Messages are written over the datagram, which OpenSSL has copied whole by then.
void DtlsClients::process(Now now, ClientId id, MutableBytes datagram, const IpFields& ip) {
  DtlsClient& client = wake(id);
  bool answered = false;
  const auto send = [&](Bytes answer) {
    answered = true;
    queue(client.five_tuple, answer);
  };
  const bool was_established = client.session->established();
  MutableBytes room = datagram;
  bool delivered = false;
  client.session->arrive(datagram);
  for (;;) {
    size_t size = 0;
    const DtlsSession::Event event = client.session->read(room, size, send);
    if (event == DtlsSession::Event::kEstablished) {
      on_established(now, id, client);
    } else if (event == DtlsSession::Event::kMessage) {
      delivered = true;
      client.last_message = now.mono;
      host_.on_dtls_message(now, client.five_tuple, room.first(size), ip);
      room = room.subspan(size);
    } else {
      // What an established session makes nothing of, OpenSSL has thrown away in silence (§4.1.2.7).
      const bool ignored = event == DtlsSession::Event::kNone && was_established && !delivered && !answered;
      ignored ? drop(DtlsDrop::kBadRecord) : (delivered ? stats_.delivered : stats_.consumed).add();
      if (event == DtlsSession::Event::kNone) {
        if (!client.session->established()) reschedule(now, id, client);
      } else if (!client.session->established()) {
        abandon(now, id, DtlsHandshake::kFailed, client.session->failure());
      } else if (event == DtlsSession::Event::kClosed) {
        client.session->close(send);
        end(now, id, DtlsEnd::kClientClosed, Notice::kTellHost);
      } else {
        end(now, id, DtlsEnd::kFailed, Notice::kTellHost, client.session->failure());
      }
      return;
    }
  }
}

void DtlsClients::on_established(Now now, ClientId id, DtlsClient& client) {
  stats_.handshakes[DtlsHandshake::kCompleted].add();
  stats_.handshake_times.observe(now.mono - client.last_message);
  end_handshake(client);
  client.last_message = now.mono;
  deadlines_.set(id.index, now.mono + limits_.idle_timeout);
}

DtlsClients::Sent DtlsClients::send(const FiveTuple& to, Bytes message, const IpFields& ip) {
  const ClientId id = find(to);
  if (!id.valid()) return Sent::kGone;
  if (message.size() > io::kDtlsMessageMax) return Sent::kTooLong;
  DtlsClient& client = wake(id);
  if (client.broken || !client.session->established()) return Sent::kGone;
  if (client.session->write(message, [&](Bytes datagram) { queue(client.five_tuple, datagram, ip); }))
    return Sent::kYes;
  // The caller is in the midst of the core's output: the end waits for the tick.
  client.broken = true;
  deadlines_.set(id.index, client.last_message);
  return Sent::kGone;
}

void DtlsClients::close(Now now, const FiveTuple& to) {
  const ClientId id = find(to);
  if (!id.valid() || !(*clients_.find(id))->session->established()) return;
  DtlsClient& client = wake(id);
  client.session->close([&](Bytes datagram) { queue(client.five_tuple, datagram); });
  end(now, id, DtlsEnd::kServerClosed, Notice::kSilent);
}

}  // namespace noom::turn
