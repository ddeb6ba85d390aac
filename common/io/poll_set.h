// Many sockets behind one epoll descriptor, which Asio watches as one: a wake costs one re-arm however many sockets are
// ready, where Asio itself would pay an epoll_ctl for each. Readiness and fairness live here; what to read is the
// owner's.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/io/fd.h"

namespace noom::io {

// Two classes share a turn by datagrams, not by sockets: a few shared sockets (listeners, which carry all clients) and
// many private ones (relays, one per allocation). Without it the listener would get one read in a thousand when a
// thousand relays are busy.
enum class PollClass : uint8_t { kShared, kPrivate };

class PollHandler {
 public:
  // Reads at most `budget` datagrams from the socket of that key and returns how many it took; fewer than `budget`
  // means that it is empty.
  virtual size_t on_readable(uint64_t key, size_t budget) = 0;
  // How many datagrams this turn may still take in all (room left in the owner's buffers).
  virtual size_t room() const = 0;
  // The end of a turn: the one place where the owner flushes what it has queued.
  virtual void on_turn_end() = 0;

 protected:
  ~PollHandler() = default;
};

// Single-threaded, on the thread of `context`. `handler` outlives it. A turn is one pass over the ready sockets; other
// work of the io_context (streams, timers, posts) runs between turns.
class PollSet {
 public:
  PollSet(boost::asio::io_context& context, PollHandler& handler);
  ~PollSet();
  PollSet(const PollSet&) = delete;
  PollSet& operator=(const PollSet&) = delete;

  // Level-triggered. `key` comes back in on_readable. False when the kernel refuses (max_user_watches).
  bool add(int fd, uint64_t key, PollClass poll_class);
  // Before the fd is closed. An event of this turn that is already fetched still arrives: the owner's key must tell it
  // apart.
  void remove(int fd, uint64_t key);
  // Asks for on_turn_end() soon, once: for owners whose sends come from outside a turn. No-op inside a turn.
  void end_turn_soon();
  // Stops watching; no callback after this.
  void stop();

 private:
  struct Watch;  // what pending handlers of the io_context hold on to, so that this object may go before them

  void arm();
  void turn();
  void fetch();
  void serve_private();
  void serve_shared(size_t until_taken);
  size_t read(uint64_t key);

  static constexpr size_t kEventsMax = 256;     // sockets fetched at once
  static constexpr size_t kBudgetPerRead = 32;  // datagrams taken from one socket before the next has its turn
  static constexpr size_t kSharedPerTurn =
      128;  // datagrams the shared class may take although the private class took fewer

  boost::asio::io_context& context_;
  PollHandler& handler_;
  Fd epoll_;
  std::shared_ptr<Watch> watch_;
  std::vector<uint64_t> shared_keys_;  // few: listeners

  // Of the current turn. Private keys that a full buffer left unserved come first in the next one.
  std::array<epoll_event, kEventsMax> events_;
  std::vector<uint64_t> private_ready_;
  size_t private_next_ = 0;
  std::vector<uint64_t> shared_ready_;  // readable and not yet found empty
  size_t shared_next_ = 0;
  size_t shared_taken_ = 0;
  size_t private_taken_ = 0;
  bool found_full_ = false;  // some socket has more
  bool in_turn_ = false;
  bool end_pending_ = false;
};

}  // namespace noom::io
