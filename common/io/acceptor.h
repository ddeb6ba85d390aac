// Accepting TCP connections on one shard. Running out of descriptors pauses accepting instead of spinning.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "common/base/counter.h"
#include "common/base/endpoint.h"
#include "common/io/stream.h"

namespace noom::io {

struct AcceptorOptions {
  bool reuse_port = false;  // one acceptor per shard on one port (SO_REUSEPORT)
  bool connects = false;    // connect_from() may use its endpoint too
  int backlog = 1024;       // the kernel cuts it to net.core.somaxconn
};

struct AcceptorStats {
  Counter accepted;
  Counter failed;  // the connection was gone before it was accepted
  Counter paused;  // out of descriptors or memory: accepting rests for 100 ms
};

// Single-threaded, on the thread of `context` once started.
class Acceptor {
 public:
  using Handler = absl::AnyInvocable<void(Stream::Socket)>;

  // Binds and listens, or uses the socket that systemd has at `local`. Errors as UdpSocket::open, "tcp 192.0.2.1:3478:
  // <reason>; <remedy>".
  static absl::StatusOr<std::unique_ptr<Acceptor>> open(boost::asio::io_context& context, const IpEndpoint& local,
                                                        const AcceptorOptions& options);
  ~Acceptor();

  const IpEndpoint& local() const;
  // Hands each accepted socket (non-blocking, TCP_NODELAY) to `handler`, one at a time.
  void start(Handler handler);
  // Stops listening; no callback after this.
  void stop();
  // Accepts no more; who comes waits in the socket, which stays open.
  void pause();
  int fd() const;
  const AcceptorStats& stats() const;  // readable from any thread

 private:
  struct State;
  explicit Acceptor(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace noom::io
