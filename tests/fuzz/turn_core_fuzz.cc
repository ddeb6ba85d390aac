// Whatever clients and peers send, signed or not, in whatever order: the accounting closes, answers fit, datagrams lie
// in what was lent, and after the last lifetime nothing is left. The input is a list of steps: what, how many bytes,
// the bytes.
#include <array>
#include <utility>
#include <vector>

#include "common/wire/message.h"
#include "common/wire/message_builder.h"
#include "tests/fuzz/property.h"
#include "turn/core/server.h"

namespace noom::turn {
namespace {

constexpr IpAddress kRelayAddress = IpAddress::v4(203, 0, 113, 1);
constexpr std::array kMethods = {wire::Method::kAllocate,    wire::Method::kRefresh, wire::Method::kCreatePermission,
                                 wire::Method::kChannelBind, wire::Method::kConnect, wire::Method::kConnectionBind};

class Run {
 public:
  Run() : server_(0, settings(), shared_, random_) {
    for (size_t i = 0; i < 2; ++i) signed_request(clients_[i], wire::Method::kAllocate, {});
    signed_request(clients_[2], wire::Method::kAllocate, as_bytes(std::string_view("\x00\x19\x04\x06\x00\x00\x00", 7)));
  }

  void step(uint8_t what, Bytes bytes) {
    const FiveTuple& client = clients_[what / 8 % clients_.size()];
    switch (what % 8) {
      case 0:
        return from_client(client, {bytes.begin(), bytes.end()});
      case 1:
        return from_client(stranger_, {bytes.begin(), bytes.end()});
      case 2:
        return signed_request(client, kMethods[what / 32 % kMethods.size()], bytes);
      case 3:
        return in_a_room(bytes, [&](MutableBytes room) {
          for (const OpenRelay& relay : relays_) {
            if (!relay.tcp)
              server_.on_peer(now_, relay.relay, kPeer, room, {}, output_);
            else
              server_.on_peer_accepted(now_, relay.relay, kPeer, output_);
          }
        });
      case 4:
        return in_a_room(bytes, [&](MutableBytes room) {
          server_.on_handover(now_, {kRelayAddress, relay_port_}, {kRelayAddress, 50001}, room, {}, output_);
        });
      case 5:
        return indication(client, bytes);
      case 6:
        return pass(std::chrono::seconds(bytes.size()));
      default:
        server_.on_client_closed(now_, client, output_);
        for (const PeerConnectionId bound : std::exchange(bound_, {})) server_.on_peer_closed(now_, bound, output_);
        return settle();
    }
  }

  void end() {
    pass(std::chrono::hours(2));
    NOOM_PROPERTY(!server_.next_deadline());
    NOOM_PROPERTY(shared_->quota.total() == 0);
    NOOM_PROPERTY(server_.stats().relay_ports_free.value() == 64);
    NOOM_PROPERTY(server_.stats().permissions_live.value() == 0 && server_.stats().channels_live.value() == 0);
    NOOM_PROPERTY(server_.stats().peer_connections_unbound.value() == 0);
    NOOM_PROPERTY(server_.stats().peer_connections_bound.value() == 0);
  }

 private:
  static constexpr IpEndpoint kPeer{IpAddress::v4(192, 0, 2, 9), 99};

  static std::shared_ptr<const Settings> settings() {
    Settings built;
    auto users = std::make_shared<auth::CredentialStore>();
    users->add_user("alice", Secret("wonderland"));
    built.credentials = users;
    built.peer_policy = std::make_shared<auth::PeerPolicy>(std::vector<auth::IpPrefix>{}, std::vector<auth::IpPrefix>{},
                                                           std::vector{kRelayAddress});
    built.relay_addresses = {{kRelayAddress, kRelayAddress}};
    built.port_min = 50000;
    built.port_max = 50063;
    built.permissions_max = 3;
    built.channels_max = 3;
    built.peer_connections_max = 3;
    return std::make_shared<const Settings>(std::move(built));
  }

  void pass(Duration time) {
    now_ = {now_.mono + time, now_.wall + time};
    server_.on_tick(now_, output_);
    settle();
  }
  void from_client(const FiveTuple& client, std::vector<std::byte> bytes) {
    server_.on_client(now_, client, bytes, {}, output_);
    settle();
  }
  template <typename Deliver>
  void in_a_room(Bytes payload, Deliver&& deliver) {
    std::vector<std::byte> room(kPeerHeadroom + payload.size() + kPeerTailroom);
    std::copy(payload.begin(), payload.end(), room.begin() + kPeerHeadroom);
    deliver(MutableBytes(room));
    settle();
  }
  // Attributes out of the input (type, length, value), then what every request of a known user has.
  void signed_request(const FiveTuple& client, wire::Method method, Bytes attributes) {
    static const Secret key = auth::long_term_key_md5("alice", "noom", "wonderland");
    std::array<std::byte, 4096> room;
    wire::MessageBuilder builder(room, method, wire::Class::kRequest, {});
    if (attributes.empty()) builder.u32(wire::Attr::kRequestedTransport, uint32_t{wire::kProtocolUdp} << 24);
    if (attributes.empty() && method == wire::Method::kAllocate) builder.raw(wire::Attr::kMobilityTicket, {});
    if (attributes.empty() && method == wire::Method::kRefresh) builder.raw(wire::Attr::kMobilityTicket, ticket_);
    append(builder, attributes);
    if (method == wire::Method::kConnectionBind) builder.u32(wire::Attr::kConnectionId, number_);
    builder.text(wire::Attr::kUsername, "alice")
        .text(wire::Attr::kRealm, "noom")
        .text(wire::Attr::kNonce, shared_->nonces.issue(now_.wall, client.client.address, {}))
        .message_integrity(key.bytes());
    const Bytes whole = builder.finish();
    if (!whole.empty()) from_client(client, {whole.begin(), whole.end()});
  }
  void indication(const FiveTuple& client, Bytes attributes) {
    std::array<std::byte, 4096> room;
    wire::MessageBuilder builder(room, wire::Method::kSend, wire::Class::kIndication, {});
    append(builder, attributes);
    const Bytes whole = builder.finish();
    if (!whole.empty()) from_client(client, {whole.begin(), whole.end()});
  }
  static void append(wire::MessageBuilder& builder, Bytes attributes) {
    for (Reader reader(attributes); reader.remaining() > 0 && reader.ok();) {
      const auto type = static_cast<wire::Attr>(reader.u16());
      const Bytes value = reader.take(reader.u8());
      if (reader.ok()) builder.raw(type, value);
    }
  }

  // What the shell does, with every third socket refused; and what must hold after every step.
  void settle() {
    for (size_t i = 0; i < output_.commands.size(); ++i) {
      if (const auto* open = std::get_if<OpenRelay>(&output_.commands[i])) {
        const OpenRelay wanted = *open;
        if (++opens_ % 3 == 0) {
          server_.on_relay_open_failed(now_, wanted.relay, output_);
        } else {
          relay_port_ = wanted.local.port;
          relays_.push_back(wanted);
          server_.on_relay_opened(now_, wanted.relay, output_);
        }
      } else if (const auto* close = std::get_if<CloseRelay>(&output_.commands[i])) {
        std::erase_if(relays_, [&](const OpenRelay& each) { return each.relay == close->relay; });
      } else if (const auto* connect = std::get_if<ConnectPeer>(&output_.commands[i])) {
        const PeerConnectionId wanted = connect->connection;
        if (++connects_ % 3 == 0)
          server_.on_peer_connect_failed(now_, wanted, output_);
        else
          server_.on_peer_connected(now_, wanted, output_);
      } else if (const auto* bind = std::get_if<BindPeer>(&output_.commands[i])) {
        bound_.push_back(bind->connection);
      }
    }
    const Stats& stats = server_.stats();
    NOOM_PROPERTY(stats.received() == stats.forwarded() + stats.consumed.value() + stats.drops.sum());
    NOOM_PROPERTY(relays_.size() == shared_->quota.total());
    NOOM_PROPERTY(server_.next_deadline().has_value() == !relays_.empty() || stats.relay_ports_reserved.value() > 0);
    for (const ToClient& datagram : output_.to_clients) {
      NOOM_PROPERTY(!datagram.bytes.empty());
      const auto message = wire::MessageView::parse(datagram.bytes);
      const auto ticket = message ? message->find(wire::Attr::kMobilityTicket) : std::nullopt;
      if (ticket) ticket_.assign(ticket->value.begin(), ticket->value.end());
      if (message && message->has(wire::Attr::kConnectionId)) number_ = *message->u32(wire::Attr::kConnectionId);
    }
    for (const ToPeer& datagram : output_.to_peers) NOOM_PROPERTY(datagram.peer.address != kRelayAddress);
    output_.clear();
  }

  SeededRandom random_{1};
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>(Secret("sixteen byte key"), std::chrono::hours(1));
  Server server_;
  Output output_;
  Now now_{Mono(std::chrono::seconds(1)), Wall(std::chrono::seconds(1'700'000'000))};
  uint32_t opens_ = 0;
  uint16_t relay_port_ = 0;
  std::vector<std::byte> ticket_;  // the last one given
  std::vector<OpenRelay> relays_;
  uint32_t connects_ = 0;
  uint32_t number_ = 0;  // the latest CONNECTION-ID
  std::vector<PeerConnectionId> bound_;
  // The third has a TCP allocation, the fourth none.
  const std::array<FiveTuple, 4> clients_ = {
      FiveTuple{{IpAddress::v4(198, 51, 100, 7), 4000}, {kRelayAddress, 3478}, Transport::kUdp, 0},
      FiveTuple{{IpAddress::v4(198, 51, 100, 8), 4000}, {kRelayAddress, 3478}, Transport::kTcp, 1},
      FiveTuple{{IpAddress::v4(198, 51, 100, 8), 4001}, {kRelayAddress, 3478}, Transport::kTcp, 1},
      FiveTuple{{IpAddress::v4(198, 51, 100, 8), 4002}, {kRelayAddress, 3478}, Transport::kTcp, 1}};
  const FiveTuple stranger_{{IpAddress::v4(198, 51, 100, 9), 4000}, {kRelayAddress, 3478}, Transport::kUdp, 0};
};

}  // namespace
}  // namespace noom::turn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  noom::Reader reader(std::as_bytes(std::span(data, size)));
  noom::turn::Run run;
  while (reader.remaining() > 0) {
    const uint8_t what = reader.u8();
    const uint8_t length = reader.u8();
    run.step(what, reader.take(std::min<size_t>(length, reader.remaining())));
  }
  run.end();
  return 0;
}
