#include "tests/bench/turn_clients.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/auth/credentials.h"

namespace noom::bench {

using wire::Attr;
using wire::Class;
using wire::Method;

void fail(const std::string& what) {
  std::fprintf(stderr, "relay_bench: %s\n", what.c_str());
  std::exit(1);
}

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

// Retransmits every 100 ms for ten seconds.
wire::MessageView TurnClients::exchange(uint32_t client, Bytes request) {
  SourceControl control;
  control.set(source_of(client));
  iovec part{const_cast<std::byte*>(request.data()), request.size()};
  msghdr header{};
  header.msg_name = &server_;
  header.msg_namelen = sizeof(server_);
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  control.attach(header);
  const auto wanted = wire::MessageView::parse(request)->transaction_id();
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (sendmsg(socket_, &header, 0) < 0 && errno != ECONNREFUSED)
      fail(std::string("sendmsg: ") + std::strerror(errno));
    pollfd readable{socket_, POLLIN, 0};
    while (poll(&readable, 1, 100) > 0) {
      const ssize_t size = recv(socket_, received_.data(), received_.size(), 0);
      if (size < 0) continue;
      const auto message = wire::MessageView::parse(Bytes(received_).first(static_cast<size_t>(size)));
      if (message && message->transaction_id() == wanted) return *message;
    }
  }
  fail("the server does not answer");
}

void TurnClients::learn_challenge(const wire::MessageView& challenge) {
  realm_ = challenge.text(Attr::kRealm).value_or("");
  nonce_ = challenge.text(Attr::kNonce).value_or("");
  key_ = auth::long_term_key_md5(account_.username, realm_, account_.password).reveal();
}

// One request, unsigned while no challenge is known, signed after the first; nonces are each client's own.
wire::MessageView TurnClients::ask(uint32_t client, Method method, const auto& fill) {
  for (int round = 0; round < 3; ++round) {
    wire::TransactionId id{};
    store_be<uint64_t>(id.data(), next_id_++);
    std::array<std::byte, 1024> room;
    wire::MessageBuilder builder(room, method, Class::kRequest, id);
    fill(builder);
    if (!nonce_.empty())
      builder.text(Attr::kUsername, account_.username)
          .text(Attr::kRealm, realm_)
          .text(Attr::kNonce, nonce_)
          .message_integrity(as_bytes(key_));
    const wire::MessageView answer = exchange(client, builder.finish());
    if (answer.message_class() == Class::kSuccess) return answer;
    const auto code = answer.error_code();
    if (code != wire::ErrorCode::kUnauthenticated && code != wire::ErrorCode::kStaleNonce)
      fail("refused with " + std::to_string(code ? static_cast<int>(*code) : 0));
    learn_challenge(answer);
  }
  fail("the credentials are not accepted");
}

void TurnClients::allocate(uint32_t client) {
  nonce_.clear();  // as every client does: ask, be challenged, ask again
  const auto answer = ask(client, Method::kAllocate, [](wire::MessageBuilder& builder) {
    builder.u32(Attr::kRequestedTransport, uint32_t{wire::kProtocolUdp} << 24).u32(Attr::kLifetime, 3600);
  });
  const auto relayed = answer.xor_address(Attr::kXorRelayedAddress);
  if (!relayed) fail("an Allocate success without XOR-RELAYED-ADDRESS");
  relayed_[client] = to_sockaddr(*relayed);
}

void TurnClients::bind(uint32_t client, const IpEndpoint& peer) {
  ask(client, Method::kChannelBind, [&](wire::MessageBuilder& builder) {
    builder.u32(Attr::kChannelNumber, uint32_t{kChannel} << 16).xor_address(Attr::kXorPeerAddress, peer);
  });
}

void TurnClients::allocate_all() {
  for (uint32_t client = 0; client < range_.count; ++client) allocate(client);
}
void TurnClients::bind_all(const IpEndpoint& peer) {
  for (uint32_t client = 0; client < range_.count; ++client) {
    nonce_.clear();
    bind(client, peer);
  }
}

}  // namespace noom::bench
