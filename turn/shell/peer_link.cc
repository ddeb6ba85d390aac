#include "turn/shell/peer_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/io/connect.h"
#include "common/io/listen_socket.h"
#include "turn/shell/limits.h"

namespace noom::turn {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Nothing but the allocation's end bounds the life of a quiet connection: one whose other end is gone must not last.
void keep_alive(io::Stream& stream) {
  const int fd = stream.socket().native_handle();
  io::set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
  io::set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
  io::set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
  io::set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

}  // namespace

void PeerLink::connect(const IpEndpoint& local, const IpEndpoint& peer) {
  io::async_connect_from(connecting_, local, peer, [self = shared_from_this()](error_code error) {
    if (!self->open_) return;
    if (error) {
      self->close();
      return self->host_.on_peer_connect_failed(self->id_, error.message());
    }
    self->begin(std::move(self->connecting_));
    self->host_.on_peer_connected(self->id_);
  });
}

void PeerLink::accepted(io::Stream::Socket socket) {
  begin(std::move(socket));
}

void PeerLink::begin(io::Stream::Socket socket) {
  peer_.emplace(std::move(socket));
  keep_alive(*peer_);
}

void PeerLink::bind(StreamLeaver client) {
  client_.emplace(std::move(client));
  keep_alive(client_->stream);
  pipe(Towards::kPeer).buffer = std::move(client_->reads);
  run(Towards::kPeer);
  run(Towards::kClient);
}

void PeerLink::run(Towards towards) {
  Pipe& direction = pipe(towards);
  if (const Bytes unwritten = direction.buffer.bytes(); !unwritten.empty()) {
    return sink(towards).async_write_some(asio::buffer(unwritten.data(), unwritten.size()),
                                          [self = shared_from_this(), towards](error_code error, size_t size) {
                                            self->on_written(towards, error, size);
                                          });
  }
  direction.buffer.settle(direction.last_read);
  const MutableBytes room = direction.buffer.room();
  source(towards).async_read_some(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this(), towards](error_code error, size_t size) { self->on_read(towards, error, size); });
}

void PeerLink::on_read(Towards towards, const error_code& error, size_t size) {
  if (!open_) return;
  if (error == asio::error::eof) return finish(towards);
  if (error) return fail(error);
  pipe(towards).last_read = size;
  pipe(towards).buffer.filled(size);
  run(towards);
}

void PeerLink::on_written(Towards towards, const error_code& error, size_t size) {
  if (!open_) return;
  if (error) return fail(error);
  pipe(towards).buffer.consume(size);
  const Duration wait = host_.on_stream_relayed(id_, towards, size);
  if (wait == Duration::zero()) return run(towards);
  pause(towards, wait);
}

void PeerLink::pause(Towards towards, Duration duration) {
  Timer& timer = pipe(towards).pause;
  timer.expires_after(duration);
  timer.async_wait([self = shared_from_this(), towards](error_code error) {
    if (!error && self->open_) self->run(towards);
  });
}

void PeerLink::finish(Towards towards) {
  sink(towards).async_shutdown_send([self = shared_from_this(), towards](error_code error) {
    if (!self->open_) return;
    if (error) return self->fail(error);
    self->pipe(towards).finished = true;
    const bool both = self->pipes_[0].finished && self->pipes_[1].finished;
    if (!both) return;
    self->close();
    self->host_.on_peer_closed(self->id_, {});
  });
}

void PeerLink::fail(const error_code& error) {
  open_ = false;
  for (Pipe& each : pipes_) each.pause.cancel();
  peer_->abort();
  client_->stream.abort();
  client_.reset();
  host_.on_peer_closed(id_, error.message());
}

void PeerLink::close() {
  open_ = false;
  for (Pipe& each : pipes_) each.pause.cancel();
  error_code ignored;
  connecting_.close(ignored);
  if (peer_) peer_->close();
  client_.reset();
}

}  // namespace noom::turn
