// How clients of one kind of signaling server speak over a WebSocket: noom.v1 (and servers that speak its few words
// for rooms), or Socket.IO's protocol. What is said the same number of times to the same peers is compared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace noom::bench {

// What a client must remember to come back to where it was.
struct Memory {
  std::string ticket;  // noom.v1's ticket, Socket.IO's private id; empty: nothing to come back with
  std::string offset;  // Socket.IO's name of the last packet
  uint64_t received = 0;
  uint64_t acknowledged = 0;
  bool recovered = false;  // the last welcome said so
};

enum class Heard : uint8_t { kOther, kOpened, kWelcomed, kJoined, kLeft, kPeerJoined, kMessage, kConfirmed };

class Dialect {
 public:
  // "noom", "noom-plain" (without the feature "resume") or "socket.io".
  static std::unique_ptr<const Dialect> named(const std::string& name);
  virtual ~Dialect() = default;

  virtual std::string_view path() const = 0;
  // Said as soon as the upgrade is through; empty: the server speaks first, and kOpened is answered with hello().
  virtual std::string greeting(const Memory& memory) const = 0;
  virtual std::string hello(const Memory& memory) const = 0;
  virtual std::string join(std::string_view room) const = 0;
  virtual std::string leave() const = 0;
  // To everyone else in the room, and confirmed to whoever sends.
  virtual std::string broadcast(std::string_view data) const = 0;
  // What a text of the server is. `reply`: what has to be said to it, if anything.
  virtual Heard hear(std::string_view text, Memory& memory, std::string& reply) const = 0;
};

}  // namespace noom::bench
