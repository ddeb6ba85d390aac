#include "turn/shell/stream_clients.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <boost/asio/post.hpp>

#include "common/io/clocks.h"
#include "common/io/listen_socket.h"
#include "common/wire/stream_deframer.h"

namespace noom::turn {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Whom a connection is counted for: an IPv4 address, or an IPv6 /64, which one subscriber has.
IpAddress source_of(const IpAddress& client) {
  if (client.is_v4()) return client;
  std::array<std::byte, 16> prefix{};
  std::copy_n(client.bytes().begin(), 8, prefix.begin());
  return IpAddress::v6(prefix);
}

std::chrono::steady_clock::time_point to_steady(Mono mono) {
  return std::chrono::steady_clock::time_point(mono.time_since_epoch());
}

}  // namespace

StreamClients::StreamClients(asio::io_context& context, StreamHost& host, const StreamLimits& limits, ShellStats& stats,
                             EventLog& log)
    : context_(context), host_(host), limits_(limits), stats_(stats), log_(log), idle_timer_(context) {}

StreamClient* StreamClients::find(ClientId id) {
  const auto* entry = clients_.find(id);
  return entry == nullptr ? nullptr : entry->get();
}

bool StreamClients::admit(Now now, const IpEndpoint& client) {
  if (clients_.size() >= limits_.connections_max) {
    stats_.streams_refused[StreamRefusal::kShardFull].add();
    log_.stream_refused(now, client, StreamRefusal::kShardFull);
    return false;
  }
  const auto found = by_source_.find(source_of(client.address));
  if (found != by_source_.end() && found->second >= limits_.connections_per_source_max) {
    stats_.streams_refused[StreamRefusal::kSourceFull].add();
    log_.stream_refused(now, client, StreamRefusal::kSourceFull);
    return false;
  }
  return true;
}

void StreamClients::accept(io::Stream::Socket socket, uint8_t listener, std::shared_ptr<const io::TlsContext> tls) {
  const Now now = io::read_clocks();
  const Transport transport = tls == nullptr ? Transport::kTcp : Transport::kTls;
  io::set_option(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kStreamUnsentBytes);
  io::Stream stream = tls == nullptr ? io::Stream(std::move(socket)) : io::Stream(std::move(socket), std::move(tls));
  const FiveTuple tuple{stream.remote(), stream.local(), transport, listener};
  if (stopped_ || !stream.is_open() || !admit(now, tuple.client)) return;
  // The kernel has forgotten the old connection: so must we.
  if (const auto old = by_five_tuple_.find(tuple); old != by_five_tuple_.end())
    end(old->second, StreamEnd::kClientClosed);

  const ClientId id = clients_.insert(std::make_unique<StreamClient>(std::move(stream), tuple, now.mono));
  by_five_tuple_[tuple] = id;
  ++by_source_[source_of(tuple.client.address)];
  stats_.streams_accepted.add();
  stats_.streams_live.add();
  idle_.set(id.index, now.mono + limits_.idle_timeout);
  arm_idle_timer();
  find(id)->stream.async_handshake(limits_.handshake_timeout, [this, id](error_code error) {
    StreamClient* client = find(id);
    if (client == nullptr) return;
    if (error) return end(id, StreamEnd::kHandshakeFailed, error.message());
    client->ready = true;
    read(id);
  });
}

void StreamClients::read(ClientId id) {
  StreamClient& client = *find(id);
  const MutableBytes room = client.reads.room();
  client.stream.async_read_some(asio::buffer(room.data(), room.size()),
                                [this, id](error_code error, size_t size) { on_read(id, error, size); });
}

void StreamClients::on_read(ClientId id, const error_code& error, size_t size) {
  StreamClient* client = find(id);
  if (client == nullptr || client->leaving) return;
  if (error) return end(id, StreamEnd::kClientClosed, error.message());
  client->reads.filled(size);
  if (!cut_frames(io::read_clocks(), id)) return;
  client->reads.settle(size);
  read(id);
}

// False when reading is over.
bool StreamClients::cut_frames(Now now, ClientId id) {
  for (;;) {
    StreamClient* client = find(id);
    if (client == nullptr || client->leaving || client->doomed) return false;
    const wire::Frame frame = wire::next_frame(client->reads.bytes());
    switch (frame.kind) {
      case wire::Frame::Kind::kIncomplete:
        return true;
      case wire::Frame::Kind::kInvalid:
        end(id, StreamEnd::kNotTurn);
        return false;
      case wire::Frame::Kind::kStun:
      case wire::Frame::Kind::kChannelData:
        break;
    }
    client->last_message = now.mono;
    client->reads.consume(frame.consumed);
    host_.on_stream_frame(now, client->five_tuple, frame.bytes);
  }
}

void StreamClients::send(const FiveTuple& to, Bytes frame) {
  const auto found = by_five_tuple_.find(to);
  StreamClient* client = found == by_five_tuple_.end() ? nullptr : find(found->second);
  if (client == nullptr || client->leaving || client->doomed) return stats_.drops[ShellDrop::kStreamGone].add();
  switch (client->writes.add(frame)) {
    case WriteQueue::Verdict::kQueued:
      break;
    case WriteQueue::Verdict::kDropped:
      return stats_.drops[ShellDrop::kStreamQueueFull].add();
    case WriteQueue::Verdict::kOverrun:
      stats_.drops[ShellDrop::kStreamQueueFull].add();
      return doom(found->second, StreamEnd::kSlowReader);
  }
  if (!client->dirty) dirty_.push_back(found->second);
  client->dirty = true;
}

void StreamClients::flush() {
  for (const ClientId id : dirty_) {
    StreamClient* client = find(id);
    if (client == nullptr) continue;
    client->dirty = false;
    if (const Bytes bytes = client->writes.begin_write(); !bytes.empty()) write(id, bytes);
  }
  dirty_.clear();
}

void StreamClients::write(ClientId id, Bytes bytes) {
  find(id)->stream.async_write_some(asio::buffer(bytes.data(), bytes.size()),
                                    [this, id](error_code error, size_t size) { on_written(id, error, size); });
}

void StreamClients::on_written(ClientId id, const error_code& error, size_t size) {
  StreamClient* client = find(id);
  if (client == nullptr) return;
  if (error) return end(id, StreamEnd::kClientClosed, error.message());
  Bytes next = client->writes.written(size);
  if (next.empty()) next = client->writes.begin_write();
  if (!next.empty()) return write(id, next);
  if (client->leaving) say_goodbye(id);
}

void StreamClients::close(const FiveTuple& client) {
  const auto found = by_five_tuple_.find(client);
  if (found == by_five_tuple_.end()) return;
  const ClientId id = found->second;
  StreamClient& leaver = *find(id);
  if (leaver.leaving) return;
  leaver.leaving = true;
  if (leaver.writes.empty()) say_goodbye(id);
}

void StreamClients::say_goodbye(ClientId id) {
  find(id)->stream.async_shutdown(kGoodbyeTimeout, [this, id](error_code error) {
    if (find(id) != nullptr) end(id, StreamEnd::kServerClosed, error ? error.message() : std::string());
  });
}

// Ends the client from the loop: the caller is in the midst of the core's output.
void StreamClients::doom(ClientId id, StreamEnd reason) {
  find(id)->doomed = true;
  asio::post(context_, [this, id, reason] {
    if (find(id) != nullptr) end(id, reason);
  });
}

void StreamClients::end(ClientId id, StreamEnd reason, std::string_view detail) {
  const std::unique_ptr<StreamClient> client = std::move(*clients_.find(id));
  clients_.erase(id);
  by_five_tuple_.erase(client->five_tuple);
  const auto source = by_source_.find(source_of(client->five_tuple.client.address));
  if (--source->second == 0) by_source_.erase(source);
  idle_.clear(id.index);
  stats_.streams_live.subtract();
  stats_.streams_ended[reason].add();
  const Now now = io::read_clocks();
  log_.stream_ended(now, client->five_tuple, reason, detail);
  client->stream.close();
  if (client->ready) host_.on_stream_closed(now, client->five_tuple);
}

void StreamClients::arm_idle_timer() {
  const auto next = idle_.next();
  if (!next || timer_armed_) return;
  timer_armed_ = true;
  idle_timer_.expires_at(to_steady(*next));
  idle_timer_.async_wait([this](error_code error) {
    timer_armed_ = false;
    if (!error) on_idle_timer();
  });
}

void StreamClients::on_idle_timer() {
  const Mono now = io::read_clocks().mono;
  while (const auto index = idle_.pop_due(now)) {
    const ClientId id = clients_.at_index(*index);
    const StreamClient& client = *find(id);
    const Mono quiet_until = client.last_message + limits_.idle_timeout;
    if (quiet_until > now) {
      idle_.set(*index, quiet_until);
    } else if (host_.has_allocation(client.five_tuple)) {
      idle_.set(*index, now + limits_.idle_timeout);  // the allocation's own lifetime watches over it
    } else {
      end(id, StreamEnd::kIdle);
    }
  }
  arm_idle_timer();
}

void StreamClients::stop() {
  stopped_ = true;
  idle_timer_.cancel();
  std::vector<ClientId> all;
  clients_.for_each([&](ClientId id, const std::unique_ptr<StreamClient>&) { all.push_back(id); });
  for (const ClientId id : all) end(id, StreamEnd::kStopped);
}

}  // namespace noom::turn
