// The outputs of a script as text. Random parts (ports, nonces) are named rather than shown.
#include "common/wire/channel_data.h"
#include "common/wire/integrity.h"
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

std::string quoted(Bytes bytes) {
  return "'" + std::string(as_text(bytes)) + "'";
}

std::string channel_text(Bytes bytes) {
  const auto view = wire::parse_channel_data(bytes).value();
  std::array<char, 8> number{};
  snprintf(number.data(), number.size(), "0x%04x", view.channel);
  const size_t padding = bytes.size() - wire::kChannelHeaderSize - view.payload.size();
  return "channel " + std::string(number.data()) + " " + quoted(view.payload) +
         (padding > 0 ? " padding=" + std::to_string(padding) : "");
}

std::string text_attribute(const wire::AttributeView& attribute) {
  const auto type = static_cast<Attr>(attribute.type);
  const char* const name = type == Attr::kRealm             ? " realm="
                           : type == Attr::kSoftware        ? " software="
                           : type == Attr::kAlternateDomain ? " domain="
                                                            : " third-party=";
  return name + std::string(as_text(attribute.value));
}

// Of values that tests have no use for.
std::string opaque_attribute(Attr type) {
  return type == Attr::kNonce            ? " nonce"
         : type == Attr::kConnectionId   ? " id"
         : type == Attr::kMobilityTicket ? " ticket"
                                         : " token";
}

std::string integrity_text(const wire::MessageView& message, bool sha256, const std::vector<std::string>& keys) {
  const bool valid = std::ranges::any_of(keys, [&](const std::string& key) {
    return (sha256 ? wire::check_message_integrity_sha256(message, as_bytes(key))
                   : wire::check_message_integrity(message, as_bytes(key))) == wire::Check::kValid;
  });
  if (!valid) return " integrity-wrong";
  return sha256 ? " integrity-sha256" : " integrity";
}

std::string address_error_text(Bytes bytes) {
  const int code = static_cast<int>(bytes[2]) * 100 + static_cast<int>(bytes[3]);
  return (bytes[0] == std::byte{1} ? " ipv4=" : " ipv6=") + std::to_string(code);
}

std::string unknown_text(Bytes types) {
  std::string text = " unknown=";
  for (size_t at = 0; at < types.size(); at += 2)
    text += (at > 0 ? "," : "") + std::to_string(load_be<uint16_t>(types.data() + at));
  return text;
}

std::string icmp_text(Bytes bytes) {
  const auto value = load_be<uint64_t>(bytes.data());
  return " icmp type=" + std::to_string(value >> 41) + " code=" + std::to_string(value >> 32 & 0x1ff) +
         " data=" + std::to_string(value & UINT32_MAX);
}

std::string message_text(const ClaimReservation& claim) {
  return "wants a reserved port for #" + std::to_string(claim.relay.index);
}
std::string message_text(const ReservationAnswer& answer) {
  return (answer.port ? "lends a port to #" : "has nothing for #") + std::to_string(answer.relay.index);
}
std::string message_text(const ReturnPort&) {
  return "returns a port";
}
std::string message_text(const ForwardClient& forward) {
  return "forward " + forward.client.client.to_string() + " to shard " + std::to_string(forward.owner);
}
std::string message_text(const StopForwarding& stop) {
  return "stop forwarding " + stop.client.client.to_string() + (stop.close ? " and close it" : "");
}
std::string message_text(const ForwardedClientGone& gone) {
  return gone.client.client.to_string() + " is gone";
}
std::string message_text(const FindTcpRelay& wanted) {
  return "looks for the TCP relay " + wanted.to.to_string() + " for peer " + std::to_string(wanted.connection.index);
}
std::string message_text(const TcpRelayAnswer& answer) {
  return (answer.port ? "has a TCP relay for peer " : "has no TCP relay for peer ") +
         std::to_string(answer.connection.index);
}

}  // namespace

// The port of a relay is shown as the relay's index.
std::string Script::render(const IpEndpoint& shown) const {
  for (const auto& [index, open] : opened_) {
    if (relayed(index) != shown) continue;
    const std::string text = shown.to_string();
    return text.substr(0, text.rfind(':') + 1) + "#" + std::to_string(index);
  }
  return shown.to_string();
}

std::string Script::render(const std::vector<IpEndpoint>& endpoints) const {
  std::string text;
  for (const IpEndpoint& each : endpoints) text += (text.empty() ? "" : " ") + render(each);
  return text;
}

std::string Script::render(const Command& command) const {
  if (const auto* open = std::get_if<OpenRelay>(&command))
    return "open #" + std::to_string(open->relay.index) + " on " + open->local.address.to_string() +
           (open->tcp ? " tcp" : "");
  if (const auto* close = std::get_if<CloseRelay>(&command)) return "close #" + std::to_string(close->relay.index);
  if (const auto* close = std::get_if<CloseClient>(&command)) return "close " + close->client.client.to_string();
  if (const auto* tell = std::get_if<TellShard>(&command))
    return "tell shard " + std::to_string(tell->shard) + ": " +
           std::visit([](const auto& message) { return message_text(message); }, tell->message);
  if (const auto* forward = std::get_if<Forward>(&command))
    return "forward to shard " + std::to_string(forward->shard) + " what " + forward->client.client.to_string() +
           " said";
  if (const auto* watch = std::get_if<WatchClient>(&command)) return "watch " + watch->client.client.to_string();
  if (const auto* connect = std::get_if<ConnectPeer>(&command))
    return "connect peer " + std::to_string(connect->connection.index) + " from #" +
           std::to_string(connect->relay.index) + " to " + render(connect->peer);
  if (const auto* close = std::get_if<ClosePeer>(&command))
    return "close peer " + std::to_string(close->connection.index);
  if (const auto* bind = std::get_if<BindPeer>(&command))
    return "bind peer " + std::to_string(bind->connection.index) + " to " + bind->client.client.to_string();
  if (const auto* move = std::get_if<MoveClient>(&command))
    return "move " + move->client.client.to_string() + " to shard " + std::to_string(move->shard) + " with " +
           std::string(to_string(wire::MessageView::parse(move->message).value().method()));
  const auto& hand_over = std::get<HandOver>(command);
  return "hand over to shard " + std::to_string(hand_over.shard) + " for " + render(hand_over.to) + " from " +
         render(hand_over.from) + " " + quoted(hand_over.payload) + render(hand_over.ip);
}

std::string Script::render(const ToClient& datagram) const {
  const bool is_channel = wire::classify(datagram.bytes.front()) == wire::FirstByte::kChannelData;
  return datagram.client.client.to_string() +
         (datagram.shard == kThisShard ? " <- " : " by shard " + std::to_string(datagram.shard) + " <- ") +
         (is_channel ? channel_text(datagram.bytes) : render_stun(datagram.bytes)) + render(datagram.ip);
}

std::string Script::render(const IpFields& fields) {
  if (fields == IpFields{}) return "";
  return " class=" + std::to_string(fields.traffic_class) + " hops=" + std::to_string(fields.hop_limit);
}

std::string Script::render_stun(Bytes bytes) const {
  const auto message = wire::MessageView::parse(bytes);
  if (!message) return "malformed";
  std::string text(to_string(message->method()));
  if (message->message_class() == Class::kSuccess) text += " success";
  if (message->message_class() == Class::kError)
    text += " error " + std::to_string(static_cast<int>(message->error_code().value()));
  message->for_each([&](const wire::AttributeView& attribute) {
    switch (static_cast<Attr>(attribute.type)) {
      case Attr::kErrorCode:
        break;
      case Attr::kXorRelayedAddress:
        text += " relayed=" + render(message->xor_address(attribute).value());
        break;
      case Attr::kXorMappedAddress:
        text += " mapped=" + render(message->xor_address(attribute).value());
        break;
      case Attr::kXorPeerAddress:
        text += " from " + render(message->xor_address(attribute).value());
        break;
      case Attr::kAddressErrorCode:
        text += address_error_text(attribute.value);
        break;
      case Attr::kLifetime:
        text += " lifetime=" + std::to_string(load_be<uint32_t>(attribute.value.data()));
        break;
      case Attr::kIcmp:
        text += icmp_text(attribute.value);
        break;
      case Attr::kData:
        text += " " + quoted(attribute.value);
        break;
      case Attr::kRealm:
      case Attr::kSoftware:
      case Attr::kThirdPartyAuthorization:
      case Attr::kAlternateDomain:
        text += text_attribute(attribute);
        break;
      case Attr::kReservationToken:
      case Attr::kMobilityTicket:
      case Attr::kNonce:
      case Attr::kConnectionId:
        text += opaque_attribute(static_cast<Attr>(attribute.type));
        break;
      case Attr::kPasswordAlgorithms:
        text += attribute.value.size() == 8 ? " algorithms" : " algorithms-other";
        break;
      case Attr::kAlternateServer:
        text += " alternate=" + message->plain_address(Attr::kAlternateServer).value().to_string();
        break;
      case Attr::kUnknownAttributes:
        text += unknown_text(attribute.value);
        break;
      case Attr::kMessageIntegrity:
      case Attr::kMessageIntegritySha256: {
        const bool sha256 = static_cast<Attr>(attribute.type) == Attr::kMessageIntegritySha256;
        text += integrity_text(*message, sha256, keys_);
        break;
      }
      case Attr::kFingerprint:
        text += wire::check_fingerprint(*message) == wire::Check::kValid ? " fingerprint" : " fingerprint-wrong";
        break;
      default:
        text += " attribute " + std::to_string(attribute.type);
    }
    return true;
  });
  return text;
}

std::vector<std::string> Script::tells() {
  std::vector<std::string> lines;
  for (const Event& event : output_.events) {
    if (const auto* created = std::get_if<AllocationCreated>(&event)) {
      lines.push_back("created " + created->username + " " + created->client.client.to_string() + " " +
                      render(created->relayed));
    } else if (const auto* ended = std::get_if<AllocationEnded>(&event)) {
      const AllocationTraffic& t = ended->traffic;
      lines.push_back("ended " + ended->username + " " + std::string(to_string(ended->reason)) + " after " +
                      std::to_string(std::chrono::duration_cast<seconds>(ended->duration).count()) + " s, up " +
                      std::to_string(t.packets_to_peers) + "/" + std::to_string(t.bytes_to_peers) + ", down " +
                      std::to_string(t.packets_to_client) + "/" + std::to_string(t.bytes_to_client));
    } else if (const auto* moved = std::get_if<ClientMoved>(&event)) {
      lines.push_back("move " + std::string(to_string(moved->stage)) + " " + moved->username + " " +
                      moved->from.client.to_string() + " to " + moved->to.client.to_string());
    } else if (const auto* opened = std::get_if<PeerConnectionOpened>(&event)) {
      lines.push_back((opened->incoming ? "peer in " : "peer out ") + render(opened->peer) + " " + opened->username);
    } else if (const auto* closed = std::get_if<PeerConnectionEnded>(&event)) {
      lines.push_back("peer ended " + render(closed->peer) + " " + closed->username + " " +
                      std::string(to_string(closed->reason)) + " after " +
                      std::to_string(std::chrono::duration_cast<seconds>(closed->duration).count()) + " s, up " +
                      std::to_string(closed->bytes_to_peer) + ", down " + std::to_string(closed->bytes_to_client));
    } else if (const auto* limited = std::get_if<RateLimited>(&event)) {
      lines.push_back("limited " + limited->username + " " + std::string(to_string(limited->reason)) +
                      (limited->direction == Direction::kToPeers ? " up" : " down") + " at " +
                      std::to_string(limited->per_second) + ", dropped " + std::to_string(limited->dropped));
    } else if (const auto* ignored = std::get_if<Ignored>(&event)) {
      lines.push_back("ignored " + ignored->client.client.to_string() + " " + std::string(to_string(ignored->reason)) +
                      " rule=" + std::string(ignored->rule));
    } else {
      const auto& refused = std::get<Refused>(event);
      lines.push_back("refused " + refused.username + " " + std::string(to_string(refused.method)) + " " +
                      std::string(to_string(refused.reason)) +
                      (refused.peer ? " peer=" + refused.peer->to_string() : "") +
                      (refused.rule.empty() ? "" : " rule=" + std::string(refused.rule)));
    }
  }
  output_.events.clear();
  return lines;
}

}  // namespace noom::turn::test
