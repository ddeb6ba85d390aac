// How a shard's clients come in by datagrams, and how any client is sent something.
#include "common/wire/channel_data.h"
#include "turn/shell/turn_shard.h"

namespace noom::turn {

// RFC 7983 §7: the first byte tells DTLS from STUN and ChannelData.
void TurnShard::on_client_datagram(Now now, uint8_t index, const io::Datagram& datagram) {
  const Listener& listener = options_.listeners[index];
  const MutableBytes payload = datagram.payload();
  const bool looks_dtls = !payload.empty() && wire::classify(payload.front()) == wire::FirstByte::kDtls;
  FiveTuple client{datagram.source, datagram.destination, Transport::kUdp, index};
  if (listener.transport != Transport::kDtls && !(listener.or_tls && looks_dtls))
    return server_.on_client(now, client, payload, datagram.ip, output_);
  client.transport = Transport::kDtls;
  // The core turns it away, and closes its session if it has one.
  if (!server_.denial(client.client.address).empty())
    return server_.on_client(now, client, payload, datagram.ip, output_);
  dtls_.on_datagram(now, client, payload, datagram.ip, *listener.tls);
}

void TurnShard::on_dtls_message(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip) {
  server_.on_client(now, client, message, ip, output_);
}

void TurnShard::on_dtls_closed(Now now, const FiveTuple& client) {
  server_.on_client_closed(now, client, output_);
}

void TurnShard::send_dtls(const FiveTuple& client, Bytes datagram, const IpFields& ip) {
  pump_.send(udp_listeners_[client.listener], client.client, client.server.address, datagram, {.ip = ip});
}

void TurnShard::send(const ToClient& transmit) {
  const FiveTuple& to = transmit.client;
  switch (to.transport) {
    case Transport::kUdp:
      return pump_.send(udp_listeners_[to.listener], to.client, to.server.address, transmit.bytes, {.ip = transmit.ip});
    case Transport::kTcp:
    case Transport::kTls:
      return streams_.send(to, transmit.bytes);
    case Transport::kDtls:
      break;
  }
  const DtlsClients::Sent sent = dtls_.send(to, transmit.bytes, transmit.ip);
  if (sent == DtlsClients::Sent::kGone) stats_.drops[ShellDrop::kDtlsGone].add();
  if (sent == DtlsClients::Sent::kTooLong) stats_.drops[ShellDrop::kDtlsTooLong].add();
}

}  // namespace noom::turn
