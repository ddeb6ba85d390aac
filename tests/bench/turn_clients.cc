#include "tests/bench/turn_clients.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/auth/credentials.h"
#include "tests/bench/arguments.h"

namespace noom::bench {

using wire::Attr;
using wire::Class;
using wire::Method;

constexpr uint32_t kWindow = 64;  // requests under way at a time

sockaddr_in to_sockaddr(const IpEndpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  std::memcpy(&address.sin_addr, endpoint.address.bytes().data(), sizeof(address.sin_addr));
  return address;
}

int open_udp(const sockaddr_in& local) {
  const int opened = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const int buffer_bytes = 8 * 1024 * 1024;
  setsockopt(opened, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
  setsockopt(opened, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
  if (::bind(opened, reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0)
    fail(std::string("bind: ") + std::strerror(errno));
  return opened;
}

void SourceControl::set(in_addr source) {
  std::memset(bytes, 0, sizeof(bytes));
  auto* const header = reinterpret_cast<cmsghdr*>(bytes);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  in_pktinfo info{};
  info.ipi_spec_dst = source;
  std::memcpy(CMSG_DATA(header), &info, sizeof(info));
}

TurnClients::TurnClients(IpEndpoint server, ClientRange range, Account account)
    : socket_(open_udp(to_sockaddr({}))),
      server_(to_sockaddr(server)),
      range_(range),
      account_(std::move(account)),
      relayed_(range.count),
      received_(2048) {}

TurnClients::~TurnClients() {
  close(socket_);
}

in_addr TurnClients::source_of(uint32_t client) const {
  in_addr first{};
  std::memcpy(&first, range_.first.bytes().data(), sizeof(first));
  return {htonl(ntohl(first.s_addr) + client)};
}

void TurnClients::send_request(uint32_t client, const std::vector<std::byte>& request) {
  SourceControl control;
  control.set(source_of(client));
  iovec part{const_cast<std::byte*>(request.data()), request.size()};
  msghdr header{};
  header.msg_name = &server_;
  header.msg_namelen = sizeof(server_);
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  control.attach(header);
  if (sendmsg(socket_, &header, 0) < 0 && errno != ECONNREFUSED) fail(std::string("sendmsg: ") + std::strerror(errno));
}

// What is unanswered after 100 ms is sent again, for ten seconds. The transaction id says whose answer it is.
void TurnClients::exchange(uint32_t first, std::vector<Exchange>& window) {
  size_t missing = window.size();
  for (int attempt = 0; attempt < 100 && missing > 0; ++attempt) {
    for (uint32_t i = 0; i < window.size(); ++i)
      if (window[i].answer.empty()) send_request(first + i, window[i].request);
    pollfd readable{socket_, POLLIN, 0};
    while (missing > 0 && poll(&readable, 1, 100) > 0) {
      const ssize_t size = recv(socket_, received_.data(), received_.size(), 0);
      if (size < static_cast<ssize_t>(wire::kHeaderSize)) continue;
      const uint32_t index = load_be<uint32_t>(received_.data() + 8) - first;
      if (index >= window.size() || !window[index].answer.empty()) continue;
      if (!std::equal(received_.begin() + 8, received_.begin() + 20, window[index].request.begin() + 8)) continue;
      window[index].answer.assign(received_.begin(), received_.begin() + size);
      --missing;
    }
  }
  if (missing > 0) fail("the server does not answer");
}

std::string TurnClients::key_for(const std::string& realm) {
  if (realm != realm_ || key_.empty()) {
    realm_ = realm;
    key_ = auth::long_term_key_md5(account_.username, realm, account_.password).reveal();
  }
  return key_;
}

std::vector<std::byte> TurnClients::build(uint32_t client, Method method, const Fill& fill,
                                          const Challenge* challenge) {
  wire::TransactionId id{};
  store_be<uint32_t>(id.data(), client);
  store_be<uint32_t>(id.data() + 4, next_id_++);
  std::array<std::byte, 1024> room;
  wire::MessageBuilder builder(room, method, Class::kRequest, id);
  fill(client, builder);
  if (challenge != nullptr)
    builder.text(Attr::kUsername, account_.username)
        .text(Attr::kRealm, challenge->realm)
        .text(Attr::kNonce, challenge->nonce)
        .message_integrity(as_bytes(key_for(challenge->realm)));
  const Bytes whole = builder.finish();
  return {whole.begin(), whole.end()};
}

void TurnClients::ask_all(Method method, const Fill& fill, const Learn& learn) {
  for (uint32_t first = 0; first < range_.count; first += kWindow) {
    std::vector<Exchange> window(std::min(kWindow, range_.count - first));
    for (uint32_t i = 0; i < window.size(); ++i) window[i].request = build(first + i, method, fill, nullptr);
    exchange(first, window);
    for (uint32_t i = 0; i < window.size(); ++i) {
      const auto message = wire::MessageView::parse(window[i].answer);
      if (!message || message->error_code() != wire::ErrorCode::kUnauthenticated) fail("no challenge");
      const Challenge challenge{std::string(message->text(Attr::kRealm).value_or("")),
                                std::string(message->text(Attr::kNonce).value_or(""))};
      window[i] = {build(first + i, method, fill, &challenge), {}};
    }
    exchange(first, window);
    for (uint32_t i = 0; i < window.size(); ++i) {
      const auto message = wire::MessageView::parse(window[i].answer);
      if (!message || message->message_class() != Class::kSuccess)
        fail("refused with " +
             std::to_string(message ? static_cast<int>(message->error_code().value_or(wire::ErrorCode{})) : 0));
      learn(first + i, *message);
    }
  }
}

void TurnClients::allocate_all() {
  ask_all(
      Method::kAllocate,
      [](uint32_t, wire::MessageBuilder& builder) {
        builder.u32(Attr::kRequestedTransport, uint32_t{wire::kProtocolUdp} << 24).u32(Attr::kLifetime, 3600);
      },
      [this](uint32_t client, const wire::MessageView& success) {
        const auto relayed = success.xor_address(Attr::kXorRelayedAddress);
        if (!relayed) fail("an Allocate success without XOR-RELAYED-ADDRESS");
        relayed_[client] = to_sockaddr(*relayed);
      });
}

void TurnClients::bind_all(const IpEndpoint& peer) {
  ask_all(
      Method::kChannelBind,
      [&](uint32_t, wire::MessageBuilder& builder) {
        builder.u32(Attr::kChannelNumber, uint32_t{kChannel} << 16).xor_address(Attr::kXorPeerAddress, peer);
      },
      [](uint32_t, const wire::MessageView&) {});
}

}  // namespace noom::bench
