#include "tests/unit/turn/shell/turn_client.h"

#include <poll.h>

#include <atomic>

#include "common/io/socket_address.h"
#include "common/wire/channel_data.h"
#include "common/wire/stream_deframer.h"

namespace noom::turn {

using wire::Attr;

namespace {

constexpr int kPatienceMs = 20'000;

wire::TransactionId next_transaction_id() {
  static std::atomic<uint64_t> count{1};
  wire::TransactionId id{};
  store_be<uint64_t>(id.data() + 4, count++);
  return id;
}

}  // namespace

UdpSide::UdpSide(const IpEndpoint& local)
    : socket_(io::UdpSocket::open(local, {.receive_buffer_bytes = 1 << 20}).value()) {}

void UdpSide::connect(const IpEndpoint& to) {
  io::SocketAddress address;
  const socklen_t size = io::to_sockaddr(to, address);
  ::connect(socket_.fd(), &address.generic, size);
}

bool UdpSide::send(std::string_view bytes) {
  return ::send(socket_.fd(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

bool UdpSide::send_to(const IpEndpoint& to, std::string_view bytes) {
  io::SocketAddress address;
  const socklen_t size = io::to_sockaddr(to, address);
  return ::sendto(socket_.fd(), bytes.data(), bytes.size(), 0, &address.generic, size) ==
         static_cast<ssize_t>(bytes.size());
}

std::optional<std::string> UdpSide::receive(IpEndpoint* from) {
  pollfd ready{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, kPatienceMs) != 1) return std::nullopt;
  std::string buffer(70'000, '\0');
  io::SocketAddress address{};
  socklen_t size = sizeof(address);
  const ssize_t got = ::recvfrom(socket_.fd(), buffer.data(), buffer.size(), 0, &address.generic, &size);
  if (got < 0) return std::nullopt;
  buffer.resize(static_cast<size_t>(got));
  if (from != nullptr) *from = io::from_sockaddr(address);
  return buffer;
}

TurnClient::TurnClient(Transport transport, const IpEndpoint& server)
    : key_(auth::long_term_key_md5(kUser, kRealm, kPassword)) {
  if (!is_stream(transport)) {
    const IpAddress any_loopback = server.address.is_v4() ? IpAddress::v4(127, 0, 0, 1) : server.address;
    udp_.emplace(IpEndpoint{any_loopback, 0});
    udp_->connect(server);
    if (transport == Transport::kUdp) return;
    dtls_ = std::make_unique<io::DtlsPeer>();
    dtls_->connect();
    pass_dtls();
    while (!dtls_->established()) {
      const auto datagram = udp_->receive();
      if (!datagram) return;
      dtls_->deliver(*datagram);
      pass_dtls();
    }
    return;
  }
  stream_ = std::make_unique<io::TcpClient>(server);
  if (transport == Transport::kTls) stream_->handshake();
}

TurnClient::~TurnClient() {
  say_goodbye();
}

void TurnClient::say_goodbye() {
  if (dtls_ == nullptr) return;
  dtls_->close();
  pass_dtls();
}

void TurnClient::pass_dtls() {
  for (const std::string& datagram : dtls_->take()) udp_->send(datagram);
}

bool TurnClient::send_raw(std::string_view bytes) {
  if (dtls_ != nullptr) {
    const bool sealed = dtls_->send(bytes);
    pass_dtls();
    return sealed;
  }
  return udp_ ? udp_->send(bytes) : stream_->send(bytes);
}

std::optional<std::string> TurnClient::receive_frame() {
  while (dtls_ != nullptr) {
    if (!unread_messages_.empty()) {
      std::string message = unread_messages_.front();
      unread_messages_.erase(unread_messages_.begin());
      return message;
    }
    if (dtls_->closed()) return std::nullopt;
    const auto datagram = udp_->receive();
    if (!datagram) return std::nullopt;
    dtls_->deliver(*datagram);
    pass_dtls();
    unread_messages_ = dtls_->messages();
  }
  if (udp_) return udp_->receive();
  for (;;) {
    const wire::Frame frame = wire::next_frame(as_bytes(unread_));
    if (frame.kind == wire::Frame::Kind::kStun || frame.kind == wire::Frame::Kind::kChannelData) {
      std::string whole(as_text(frame.bytes));
      unread_.erase(0, frame.consumed);
      return whole;
    }
    if (frame.kind == wire::Frame::Kind::kInvalid) return std::nullopt;
    const std::string more = stream_->receive_some();
    if (more.empty()) return std::nullopt;
    unread_ += more;
  }
}

std::string TurnClient::binding_request() {
  std::array<std::byte, 64> room;
  return std::string(as_text(
      wire::MessageBuilder(room, wire::Method::kBinding, wire::Class::kRequest, next_transaction_id()).finish()));
}

// One request and its response; other frames that arrive meanwhile are passed over.
template <typename Fill>
std::optional<std::string> TurnClient::exchange(wire::Method method, Fill&& fill) {
  std::array<std::byte, 1024> room;
  const wire::TransactionId id = next_transaction_id();
  wire::MessageBuilder builder(room, method, wire::Class::kRequest, id);
  fill(builder);
  if (!nonce_.empty()) {
    builder.text(Attr::kUsername, kUser)
        .text(Attr::kRealm, kRealm)
        .text(Attr::kNonce, nonce_)
        .message_integrity(key_.bytes());
  }
  if (!send_raw(std::string(as_text(builder.finish())) + std::exchange(behind_, {}))) return std::nullopt;
  for (;;) {
    auto answer = receive_frame();
    if (!answer) return std::nullopt;
    const auto message = wire::MessageView::parse(as_bytes(*answer));
    if (message && message->transaction_id() == id) return answer;
  }
}

template <typename Fill>
std::optional<std::string> TurnClient::request(wire::Method method, Fill&& fill) {
  for (int round = 0; round < 2; ++round) {
    auto answer = exchange(method, fill);
    if (!answer) return std::nullopt;
    const auto message = wire::MessageView::parse(as_bytes(*answer));
    if (message->message_class() == wire::Class::kSuccess) return answer;
    error_ = static_cast<int>(message->error_code().value_or(wire::ErrorCode{}));
    if (error_ != 401 && error_ != 438) return std::nullopt;
    nonce_ = std::string(message->text(Attr::kNonce).value_or(""));
  }
  return std::nullopt;
}

std::optional<IpEndpoint> TurnClient::allocate(Family family) {
  const auto answer = request(wire::Method::kAllocate, [&](wire::MessageBuilder& builder) {
    builder.u32(Attr::kRequestedTransport, 17U << 24);
    if (family == Family::kV6) builder.u32(Attr::kRequestedAddressFamily, 2U << 24);
  });
  if (!answer) return std::nullopt;
  return wire::MessageView::parse(as_bytes(*answer))->xor_address(Attr::kXorRelayedAddress);
}

std::optional<IpEndpoint> TurnClient::allocate_mobile(std::string& ticket) {
  const auto answer = request(wire::Method::kAllocate, [&](wire::MessageBuilder& builder) {
    builder.u32(Attr::kRequestedTransport, 17U << 24).raw(Attr::kMobilityTicket, {});
  });
  if (!answer) return std::nullopt;
  const auto message = wire::MessageView::parse(as_bytes(*answer));
  ticket = message->text(Attr::kMobilityTicket).value_or("");
  return message->xor_address(Attr::kXorRelayedAddress);
}

std::optional<std::string> TurnClient::move_here(const std::string& ticket) {
  const auto answer = request(wire::Method::kRefresh, [&](wire::MessageBuilder& builder) {
    builder.raw(Attr::kMobilityTicket, as_bytes(ticket));
  });
  if (!answer) return std::nullopt;
  return std::string(wire::MessageView::parse(as_bytes(*answer))->text(Attr::kMobilityTicket).value_or(""));
}

bool TurnClient::create_permission(const IpAddress& peer) {
  return request(wire::Method::kCreatePermission,
                 [&](wire::MessageBuilder& builder) {
                   builder.xor_address(Attr::kXorPeerAddress, {peer, 0});
                 })
      .has_value();
}

bool TurnClient::channel_bind(uint16_t channel, const IpEndpoint& peer) {
  return request(wire::Method::kChannelBind,
                 [&](wire::MessageBuilder& builder) {
                   builder.u32(Attr::kChannelNumber, uint32_t{channel} << 16).xor_address(Attr::kXorPeerAddress, peer);
                 })
      .has_value();
}

bool TurnClient::refresh(uint32_t lifetime_s) {
  return request(wire::Method::kRefresh,
                 [&](wire::MessageBuilder& builder) { builder.u32(Attr::kLifetime, lifetime_s); })
      .has_value();
}

std::optional<IpEndpoint> TurnClient::allocate_tcp() {
  const auto answer = request(wire::Method::kAllocate,
                              [](wire::MessageBuilder& builder) { builder.u32(Attr::kRequestedTransport, 6U << 24); });
  if (!answer) return std::nullopt;
  return wire::MessageView::parse(as_bytes(*answer))->xor_address(Attr::kXorRelayedAddress);
}

std::optional<uint32_t> TurnClient::connect_peer(const IpEndpoint& peer) {
  const auto answer = request(wire::Method::kConnect,
                              [&](wire::MessageBuilder& builder) { builder.xor_address(Attr::kXorPeerAddress, peer); });
  if (!answer) return std::nullopt;
  return wire::MessageView::parse(as_bytes(*answer))->u32(Attr::kConnectionId);
}

std::optional<uint32_t> TurnClient::receive_attempt(IpEndpoint* peer) {
  while (auto frame = receive_frame()) {
    const auto message = wire::MessageView::parse(as_bytes(*frame));
    if (!message || !message->is(wire::Method::kConnectionAttempt, wire::Class::kIndication)) continue;
    if (peer != nullptr) *peer = message->xor_address(Attr::kXorPeerAddress).value_or(IpEndpoint{});
    return message->u32(Attr::kConnectionId);
  }
  return std::nullopt;
}

bool TurnClient::bind_connection(const TurnClient& control, uint32_t number, std::string_view behind) {
  nonce_ = control.nonce_;
  behind_ = behind;
  return request(wire::Method::kConnectionBind,
                 [&](wire::MessageBuilder& builder) { builder.u32(Attr::kConnectionId, number); })
      .has_value();
}

std::string TurnClient::receive_bytes(size_t size) {
  std::string bytes = unread_.substr(0, size);
  unread_.erase(0, bytes.size());
  return bytes + stream_->receive(size - bytes.size());
}

std::optional<IpEndpoint> TurnClient::binding() {
  const auto answer = exchange(wire::Method::kBinding, [](wire::MessageBuilder&) {});
  if (!answer) return std::nullopt;
  return wire::MessageView::parse(as_bytes(*answer))->xor_address(Attr::kXorMappedAddress);
}

void TurnClient::send_channel(uint16_t channel, std::string_view payload) {
  std::string frame(wire::kChannelHeaderSize, '\0');
  wire::write_channel_header(std::as_writable_bytes(std::span(frame)).first<wire::kChannelHeaderSize>(), channel,
                             static_cast<uint16_t>(payload.size()));
  frame += payload;
  if (!udp_) frame.resize((frame.size() + 3) / 4 * 4);
  send_raw(frame);
}

void TurnClient::send_indication(const IpEndpoint& peer, std::string_view payload) {
  std::vector<std::byte> room(payload.size() + 100);
  send_raw(as_text(wire::MessageBuilder(room, wire::Method::kSend, wire::Class::kIndication, next_transaction_id())
                       .xor_address(Attr::kXorPeerAddress, peer)
                       .raw(Attr::kData, as_bytes(payload))
                       .finish()));
}

std::optional<std::string> TurnClient::receive_channel(uint16_t channel) {
  while (auto frame = receive_frame()) {
    if (frame->empty() || wire::classify(as_bytes(*frame)[0]) != wire::FirstByte::kChannelData) continue;
    const auto data = wire::parse_channel_data(as_bytes(*frame));
    if (data && data->channel == channel) return std::string(as_text(data->payload));
  }
  return std::nullopt;
}

std::optional<std::string> TurnClient::receive_data(IpEndpoint* peer) {
  while (auto frame = receive_frame()) {
    const auto message = wire::MessageView::parse(as_bytes(*frame));
    if (!message || !message->is(wire::Method::kData, wire::Class::kIndication)) continue;
    if (peer != nullptr) *peer = message->xor_address(Attr::kXorPeerAddress).value_or(IpEndpoint{});
    return std::string(as_text(message->find(Attr::kData)->value));
  }
  return std::nullopt;
}

}  // namespace noom::turn
