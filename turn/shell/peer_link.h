// One TCP connection with a peer, and the client data connection that is bound to it: bytes go from one to the other as
// they are. RFC 6062 §5.2-§5.5. Which links there are is peer_links.h.
#pragma once

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "common/base/endpoint.h"
#include "common/io/stream.h"
#include "turn/core/output.h"
#include "turn/core/peer_connection.h"
#include "turn/shell/stream_client.h"

namespace noom::turn {

// The shard, as its peer connections see it. Called from the loop, never from within a call of a link.
class PeerHost {
 public:
  virtual void on_peer_connected(PeerConnectionId connection) = 0;
  virtual void on_peer_connect_failed(PeerConnectionId connection, std::string_view reason) = 0;
  // Nothing: the connection is closed at once.
  virtual std::optional<PeerConnectionId> on_peer_accepted(RelayId relay, const IpEndpoint& peer) = 0;
  // `reason` is empty when both sides had said all they had to.
  virtual void on_peer_closed(PeerConnectionId connection, std::string_view reason) = 0;
  // How long not to read on from that side.
  virtual Duration on_stream_relayed(PeerConnectionId connection, Towards towards, size_t bytes) = 0;

 protected:
  ~PeerHost() = default;
};

// Single-threaded. Memory is bounded by one ReadBuffer for each direction: a side is read again only when all that was
// read from it has been written to the other. Until a client is bound nothing is read at all, so that what the peer
// sends waits in the kernel, and its window says so. An end of file is passed on alone (half-close); an error ends both
// sides, with a reset where bytes may be missing. A side that was faster than it may be is left unread for a while.
class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  PeerLink(boost::asio::io_context& context, PeerHost& host, PeerConnectionId id)
      : host_(host), id_(id), connecting_(context), pipes_{Pipe(context), Pipe(context)} {}

  void connect(const IpEndpoint& local, const IpEndpoint& peer);
  void accepted(io::Stream::Socket socket);
  // Once, after it is connected.
  void bind(StreamLeaver client);
  // Both sides; the host is not told.
  void close();

  bool is(PeerConnectionId id) const { return id_ == id; }

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;
  struct Pipe {
    explicit Pipe(boost::asio::io_context& context) : pause(context) {}
    ReadBuffer buffer;
    Timer pause;  // until more may be read
    size_t last_read = 0;
    bool finished = false;  // the end of file has been passed on
  };

  void begin(io::Stream::Socket socket);
  io::Stream& source(Towards towards) { return towards == Towards::kPeer ? client_->stream : *peer_; }
  io::Stream& sink(Towards towards) { return towards == Towards::kPeer ? *peer_ : client_->stream; }
  Pipe& pipe(Towards towards) { return pipes_[static_cast<size_t>(towards)]; }
  void run(Towards towards);
  void on_read(Towards towards, const boost::system::error_code& error, size_t size);
  void on_written(Towards towards, const boost::system::error_code& error, size_t size);
  void pause(Towards towards, Duration duration);
  void finish(Towards towards);
  void fail(const boost::system::error_code& error);

  PeerHost& host_;
  const PeerConnectionId id_;
  io::Stream::Socket connecting_;
  std::optional<io::Stream> peer_;
  std::optional<StreamLeaver> client_;
  std::array<Pipe, 2> pipes_;  // by Towards
  bool open_ = true;
};

}  // namespace noom::turn
