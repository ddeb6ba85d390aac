#include "tests/bench/room_clients.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "tests/bench/arguments.h"

namespace noom::bench {
namespace {

constexpr std::array<char, 4> kMask = {0x5a, 0x13, 0x6c, 0x27};
constexpr uint32_t kOpeningMax = 256;  // connections and joins under way at a time
constexpr unsigned kText = 1, kPing = 9, kPong = 10;

[[noreturn]] void fail_errno(const std::string& what) {
  fail(what + ": " + std::strerror(errno));
}

std::string masked(unsigned opcode, std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + 8);
  frame += static_cast<char>(0x80 | opcode);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  } else {
    fail("a text that long is not sent here");
  }
  frame.append(kMask.data(), kMask.size());
  for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return frame;
}

}  // namespace

std::string masked_frame(std::string_view text) {
  return masked(kText, text);
}

RoomClients::RoomClients(std::vector<IpEndpoint> servers, const Dialect& dialect)
    : servers_(std::move(servers)), dialect_(dialect), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

RoomClients::~RoomClients() {
  for (RoomClient& client : clients_) cut(client.index);
  close(epoll_);
}

void RoomClients::add(uint32_t count) {
  const uint32_t first = size();
  for (uint32_t begin = first; begin < first + count; begin += kOpeningMax) {
    const uint32_t end = std::min(begin + kOpeningMax, first + count);
    for (uint32_t index = begin; index < end; ++index) {
      clients_.emplace_back().index = index;
      server_of_.push_back(index);
      connect(index);
    }
    poll_until(
        [&] {
          return std::all_of(clients_.begin() + begin, clients_.begin() + end,
                             [](const RoomClient& client) { return client.welcomes > 0; });
        },
        "welcome");
  }
}

void RoomClients::join(uint32_t first, uint32_t count, const std::function<std::string(uint32_t)>& room_of) {
  for (uint32_t begin = first; begin < first + count; begin += kOpeningMax) {
    const uint32_t end = std::min(begin + kOpeningMax, first + count);
    for (uint32_t index = begin; index < end; ++index) say(clients_[index], dialect_.join(room_of(index)));
    poll_until(
        [&] {
          return std::all_of(clients_.begin() + begin, clients_.begin() + end,
                             [](const RoomClient& client) { return client.joined; });
        },
        "joined");
  }
}

void RoomClients::connect(uint32_t index) {
  RoomClient& client = clients_[index];
  client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client.fd < 0) fail_errno("socket");
  const int on = 1;
  setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const IpEndpoint& server = servers_[server_of_[index] % servers_.size()];
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  std::memcpy(&address.sin_addr, server.address.bytes().data(), sizeof(address.sin_addr));
  if (::connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno != EINPROGRESS)
    fail_errno("connect");
  client.upgraded = false;
  client.in.clear();
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u32 = index}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
  client.out = "GET " + std::string(dialect_.path()) +
               " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               "Sec-WebSocket-Protocol: noom.v1\r\n\r\n";
}

void RoomClients::cut(uint32_t index) {
  RoomClient& client = clients_[index];
  if (client.fd < 0) return;
  const linger at_once{1, 0};  // a reset: no port waits for the end of TIME_WAIT
  setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(client.fd, -1));
}

void RoomClients::watch(RoomClient& client, bool for_write) {
  epoll_event event{.events = for_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.u32 = client.index}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &event);
}

void RoomClients::send_bytes(RoomClient& client, std::string_view bytes) {
  if (client.out.empty()) {
    const ssize_t sent = send(client.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && !comes_back_) fail_errno("send");  // else the receive tells
    bytes.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
    if (bytes.empty()) return;
    watch(client, true);
  }
  client.out += bytes;
}

void RoomClients::poll(int timeout_ms) {
  std::array<epoll_event, 256> events{};
  const int count = epoll_wait(epoll_, events.data(), events.size(), timeout_ms);
  for (int i = 0; i < count; ++i) {
    RoomClient& client = clients_[events[i].data.u32];
    if (client.fd < 0) continue;
    if ((events[i].events & EPOLLOUT) != 0) {
      const std::string rest = std::exchange(client.out, {});
      send_bytes(client, rest);
      if (client.out.empty()) watch(client, false);
    }
    if ((events[i].events & ~EPOLLOUT) != 0) receive(client);
  }
}

void RoomClients::poll_until(const std::function<bool()>& done, const char* what, int timeout_s) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
  while (!done()) {
    poll(100);
    if (std::chrono::steady_clock::now() > deadline) fail(std::string("no ") + what + " in time");
  }
}

void RoomClients::receive(RoomClient& client) {
  static std::array<char, 256 * 1024> buffer;
  const int fd = client.fd;
  const uint64_t retries = retries_;
  const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return lose(client, "the server has closed a connection");
  std::string_view bytes(buffer.data(), static_cast<size_t>(size));
  std::string held;
  if (!client.in.empty()) {
    held = std::exchange(client.in, {});
    held += bytes;
    bytes = held;
  }
  const auto is_same = [&] { return client.fd == fd && retries_ == retries; };
  while (is_same() && !bytes.empty()) {
    const size_t taken = client.upgraded ? take_frame(client, bytes) : take_upgrade(client, bytes);
    if (taken == 0) break;
    bytes.remove_prefix(taken);
  }
  if (is_same()) client.in = bytes;
}

// Both return 0 while there is not enough.
size_t RoomClients::take_upgrade(RoomClient& client, std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (!bytes.starts_with("HTTP/1.1 101")) fail("not upgraded: " + std::string(bytes.substr(0, end)));
  client.upgraded = true;
  if (const std::string greeting = dialect_.greeting(client.memory); !greeting.empty()) say(client, greeting);
  return end + 4;
}

size_t RoomClients::take_frame(RoomClient& client, std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  size_t size = byte(1);
  size_t head = 2;
  if (size == 126) {
    if (bytes.size() < 4) return 0;
    size = byte(2) << 8 | byte(3);
    head = 4;
  } else if (size > 126) {
    fail("a frame of that length is not expected");
  }
  if (bytes.size() < head + size) return 0;
  const std::string_view payload = bytes.substr(head, size);
  const unsigned opcode = byte(0) & 0x0f;
  if (opcode == kText) {
    hear(client, payload);
  } else if (opcode == kPing) {
    send_bytes(client, masked(kPong, payload));
  } else {
    lose(client, "the server says goodbye: " + std::string(payload.substr(std::min<size_t>(2, size))));
  }
  return head + size;
}

void RoomClients::lose(RoomClient& client, const std::string& why) {
  if (!comes_back_) fail(why);
  ++retries_;
  cut(client.index);
  connect(client.index);
}

void RoomClients::hear(RoomClient& client, std::string_view text) {
  reply_.clear();
  const Heard heard = dialect_.hear(text, client.memory, reply_);
  if (heard == Heard::kOpened) reply_ = dialect_.hello(client.memory);
  client.messages += heard == Heard::kMessage;
  client.confirmed += heard == Heard::kConfirmed;
  client.joins_heard += heard == Heard::kPeerJoined;
  client.joins_done += heard == Heard::kJoined;
  client.leaves += heard == Heard::kLeft;
  client.welcomes += heard == Heard::kWelcomed;
  if (heard == Heard::kJoined) client.joined = true;
  if (heard == Heard::kLeft) client.joined = false;
  if (!reply_.empty()) say(client, reply_);
  if (heard_) heard_(client, heard, text);
}

}  // namespace noom::bench
