// A bus between the processes of a suite: publish by subject, at most once, to whoever has subscribed. What must not be
// lost is the business of its users (signal/core/cluster/link.h).
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace noom::bus {

struct BusState {
  bool connected = false;
  std::string server;  // the one connected with, or tried last
  std::string reason;  // why not connected; not empty then
};

// Written by several threads.
struct BusStats {
  std::atomic<uint64_t> connects{0};
  std::atomic<uint64_t> losses{0};
  std::atomic<uint64_t> messages_in{0};
  std::atomic<uint64_t> messages_out{0};
  std::atomic<uint64_t> bytes_in{0};
  std::atomic<uint64_t> bytes_out{0};
  // Messages dropped.
  std::atomic<uint64_t> dropped_disconnected{0};  // published while not connected, or lost with the connection
  std::atomic<uint64_t> dropped_full{0};          // published faster than the server took them
  std::atomic<uint64_t> dropped_unhandled{0};     // received faster than they were handled
};

// Runs work on the user's thread, in order: asio::post, io::Shard::post.
using Post = std::function<void(absl::AnyInvocable<void()>)>;

// Used by one thread, the one that Post posts to. Handlers run there, never within a call, and not after the Bus is
// gone.
class Bus {
 public:
  // `bytes` is borrowed for the call.
  using Handler = std::function<void(std::string_view bytes)>;

  virtual ~Bus() = default;
  // For as long as the bus lives; over losses too. What this process publishes does not come back to it. When on_state
  // reports a connection, the server knows every subscription made so far.
  virtual void subscribe(std::string subject, Handler handler) = 0;
  // Queues. While there is no connection, or when too much is queued, the message is dropped and counted, and the
  // status says why.
  virtual absl::Status publish(std::string_view subject, std::string bytes) = 0;
  // Called at every change; a connection that is there already is reported too.
  virtual void on_state(std::function<void(const BusState&)> handler) = 0;
  virtual const BusState& state() const = 0;
  virtual const BusStats& stats() const = 0;  // readable from any thread
};

}  // namespace noom::bus
