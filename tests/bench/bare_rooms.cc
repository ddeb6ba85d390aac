// What a room server cannot do without: epoll, one receive, the same frames out. It answers each `send` with as many
// bytes to as many connections as noom-signal would and looks at nothing else: no limits, sessions, sequence or JSON.
// What it relays is what the kernel here lets any server relay. For signal_bench alone.
//
//   bare_rooms each       one system call for each message
//   bare_rooms gathered   what one turn of the loop has for a connection leaves in one
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/arguments.h"

namespace noom::bench {
namespace {

struct Connection {
  int fd = -1;
  bool upgraded = false;
  std::string in;
  std::string out;
  std::vector<Connection*>* room = nullptr;
};

std::string frame(std::string_view text) {
  std::string bytes("\x81", 1);
  if (text.size() < 126) {
    bytes += static_cast<char>(text.size());
  } else {
    bytes += {126, static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
  }
  return bytes.append(text);
}

class BareRooms {
 public:
  explicit BareRooms(bool gathers) : gathers_(gathers), epoll_(epoll_create1(0)) {}

  [[noreturn]] void run() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 4096) != 0) fail("bind");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
    for (std::array<epoll_event, 128> events{};;) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        auto* connection = static_cast<Connection*>(events[i].data.ptr);
        connection == nullptr ? accept_all(listener) : receive(*connection);
      }
      for (Connection* connection : dirty_) transmit(*connection);
      dirty_.clear();
    }
  }

 private:
  void accept_all(int listener) {
    for (int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); fd >= 0;
         fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      Connection& connection = connections_.emplace_back();
      connection.fd = fd;
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void receive(Connection& connection) {
    static std::array<char, 64 * 1024> buffer;
    const ssize_t size = recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      close(connection.fd);
      connection.fd = -1;
      return;
    }
    connection.in.append(buffer.data(), static_cast<size_t>(size));
    size_t at = 0;
    for (size_t taken = 1; taken > 0; at += taken) taken = take(connection, std::string_view(connection.in).substr(at));
    connection.in.erase(0, at);
  }

  size_t take(Connection& connection, std::string_view bytes) {
    if (!connection.upgraded) {
      const size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      connection.upgraded = true;
      say(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      return end + 4;
    }
    if (bytes.size() < 6) return 0;
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
    size_t size = byte(1) & 0x7f;
    const size_t head = size == 126 ? 8 : 6;
    if (bytes.size() < head) return 0;
    if (size == 126) size = byte(2) << 8 | byte(3);
    if (bytes.size() < head + size) return 0;
    text_.assign(bytes.substr(head, size));
    for (size_t i = 0; i < size; ++i) text_[i] = static_cast<char>(text_[i] ^ bytes[head - 4 + i % 4]);
    obey(connection);
    return head + size;
  }

  void obey(Connection& connection) {
    if (text_.starts_with(R"({"type":"send")")) {
      const std::string_view data = std::string_view(text_).substr(text_.find(R"("data")"));
      const std::string message = frame(
          R"({"type":"message","room":"room-12","from":"p_0123456789abcdef0123","broadcast":true,"epoch":1700000000,"seq":123456,)" +
          std::string(data));
      for (Connection* other : *connection.room) {
        if (other != &connection) say(*other, message);
      }
      say(connection, frame(R"({"type":"ok","re":3,"epoch":1700000000,"seq":123456})"));
    } else if (text_.starts_with(R"({"type":"hello")")) {
      say(connection, frame(R"({"type":"welcome"})"));
    } else {
      const size_t begin = text_.find(R"("room":")") + 8;
      connection.room = &rooms_[text_.substr(begin, text_.find('"', begin) - begin)];
      connection.room->push_back(&connection);
      say(connection, frame(R"({"type":"joined"})"));
    }
  }

  void say(Connection& connection, std::string_view bytes) {
    if (connection.out.empty()) dirty_.push_back(&connection);
    connection.out += bytes;
    if (!gathers_) transmit(connection);
  }

  void transmit(Connection& connection) {
    if (connection.out.empty() || connection.fd < 0) return;
    const ssize_t sent = send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(connection.out.size()) && errno == EAGAIN) fail("the generator is too slow");
    connection.out.clear();
  }

  const bool gathers_;
  const int epoll_;
  std::deque<Connection> connections_;
  std::map<std::string, std::vector<Connection*>> rooms_;
  std::vector<Connection*> dirty_;
  std::string text_;
};

}  // namespace
}  // namespace noom::bench

int main(int argc, char** argv) {
  noom::bench::BareRooms(argc > 1 && std::string_view(argv[1]) == "gathered").run();
}
