// Many WebSocket clients of a signaling server on one thread: cheap enough that the server is the limit. Connects,
// frames and unframes (RFC 6455), and hands over whole texts; what they mean is a Dialect's, what to do next the
// benchmark's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"
#include "tests/bench/dialect.h"

namespace noom::bench {

struct RoomClient {
  int fd = -1;
  uint32_t index = 0;
  bool upgraded = false;
  bool joined = false;
  Memory memory;
  std::string in;   // the beginning of a frame
  std::string out;  // what the kernel has not taken yet
  // For the benchmark:
  uint64_t messages = 0;  // received from peers
  uint64_t confirmed = 0;
  uint64_t joins_heard = 0;
  uint64_t joins_done = 0;
  uint64_t welcomes = 0;
  uint64_t leaves = 0;
};

// One masked frame (with a key of its own choice), as bytes to send.
std::string masked_frame(std::string_view text);

// A server that closes a connection, or answers an upgrade with anything but 101, ends the program.
class RoomClients {
 public:
  // Called for each text of the server, after it was counted in the client.
  using OnHeard = std::function<void(RoomClient&, Heard, std::string_view text)>;

  // Client i connects to servers[i % servers.size()]; IPv4.
  RoomClients(std::vector<IpEndpoint> servers, const Dialect& dialect);
  ~RoomClients();
  RoomClients(const RoomClients&) = delete;
  RoomClients& operator=(const RoomClients&) = delete;

  // Welcomed, a few hundred at a time.
  void add(uint32_t count);
  // `room_of` names the room of each; a few hundred at a time.
  void join(uint32_t first, uint32_t count, const std::function<std::string(uint32_t)>& room_of);

  void connect(uint32_t index);
  // Without goodbye; what the client remembers stays.
  void cut(uint32_t index);
  void say(RoomClient& client, std::string_view text) { send_bytes(client, masked_frame(text)); }
  void send_bytes(RoomClient& client, std::string_view bytes);
  // Takes in what has come, waiting for it so long.
  void poll(int timeout_ms);
  // Polls until then; beyond the time the program ends, saying what it has waited for.
  void poll_until(const std::function<bool()>& done, const char* what, int timeout_s = 60);

  RoomClient& at(uint32_t index) { return clients_[index]; }
  uint32_t size() const { return static_cast<uint32_t>(clients_.size()); }
  void on_heard(OnHeard heard) { heard_ = std::move(heard); }
  // From now on a connection that the server ends is made again, instead of ending the program.
  void come_back() { comes_back_ = true; }
  uint64_t retries() const { return retries_; }
  // Where it connects the next time.
  void move(uint32_t index) { ++server_of_[index]; }

 private:
  void upgrade(RoomClient& client);
  void receive(RoomClient& client);
  size_t take_upgrade(RoomClient& client, std::string_view bytes);
  size_t take_frame(RoomClient& client, std::string_view bytes);
  void hear(RoomClient& client, std::string_view text);
  void watch(RoomClient& client, bool for_write);
  void lose(RoomClient& client, const std::string& why);

  const std::vector<IpEndpoint> servers_;
  const Dialect& dialect_;
  const int epoll_;
  std::deque<RoomClient> clients_;
  std::vector<uint32_t> server_of_;
  OnHeard heard_;
  bool comes_back_ = false;
  uint64_t retries_ = 0;
  std::string reply_;
};

}  // namespace noom::bench
