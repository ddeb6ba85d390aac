#include "turn/shell/stream_clients.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "common/io/clocks.h"
#include "common/io/listen_socket.h"
#include "common/io/stream_front.h"
#include "common/wire/proxy_protocol.h"
#include "common/wire/stream_deframer.h"

namespace noom::turn {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Why a connection ended before it was ready. One that is closed before it says anything, as health checks do, is no
// failed handshake.
StreamEnd end_of(const error_code& error, const io::Stream& stream) {
  const bool has_left = error == asio::error::eof || error == asio::error::connection_reset;
  if (has_left && !stream.has_tls_begun()) return StreamEnd::kClientClosed;
  const auto refusal = io::refusal_of(error);
  if (!refusal) return StreamEnd::kHandshakeFailed;
  switch (static_cast<wire::ProxyRefusal>(*refusal)) {
    case wire::ProxyRefusal::kMissing:
      return StreamEnd::kProxyMissing;
    case wire::ProxyRefusal::kTooLong:
      return StreamEnd::kProxyTooLong;
    case wire::ProxyRefusal::kUnsupported:
      return StreamEnd::kProxyUnsupported;
    case wire::ProxyRefusal::kMalformed:
    case wire::ProxyRefusal::kCount:
      break;
  }
  return StreamEnd::kProxyMalformed;
}

std::chrono::steady_clock::time_point to_steady(Mono mono) {
  return std::chrono::steady_clock::time_point(mono.time_since_epoch());
}

}  // namespace

StreamClients::StreamClients(asio::io_context& context, StreamHost& host, const StreamLimits& limits,
                             StreamPlaces& places, ShellStats& stats, EventLog& log)
    : context_(context),
      host_(host),
      limits_(limits),
      places_(places),
      stats_(stats),
      log_(log),
      idle_timer_(context) {}

StreamClient* StreamClients::find(ClientId id) {
  const auto* entry = clients_.find(id);
  return entry == nullptr ? nullptr : entry->get();
}

bool StreamClients::take_of_source(Now now, StreamClient& client) {
  const IpEndpoint& source = client.five_tuple.client;
  if (const std::string_view rule = host_.denial(source.address); !rule.empty()) {
    stats_.streams_refused[StreamRefusal::kClientDenied].add();
    log_.stream_refused(now, source, StreamRefusal::kClientDenied, rule);
    return false;
  }
  client.counted = places_.take_of_source(client.five_tuple.client.address);
  if (client.counted) return true;
  stats_.streams_refused[StreamRefusal::kSourceFull].add();
  log_.stream_refused(now, client.five_tuple.client, StreamRefusal::kSourceFull);
  return false;
}

void StreamClients::accept(io::Stream::Socket socket, uint8_t listener, io::StreamOpening opening) {
  const Now now = io::read_clocks();
  io::set_option(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kStreamUnsentBytes);
  const bool names_its_client = opening.preamble != nullptr;
  io::Stream stream(std::move(socket), std::move(opening));
  if (stopped_ || !stream.is_open()) return;
  const Transport transport = stream.is_tls() ? Transport::kTls : Transport::kTcp;
  auto client = std::make_unique<StreamClient>(
      std::move(stream), FiveTuple{stream.remote(), stream.local(), transport, listener}, now.mono);
  if (!places_.take()) {
    stats_.streams_refused[StreamRefusal::kFull].add();
    return log_.stream_refused(now, client->five_tuple.client, StreamRefusal::kFull);
  }
  if (!names_its_client && !take_of_source(now, *client)) return places_.give_back();

  const ClientId id = clients_.insert(std::move(client));
  stats_.streams_accepted.add();
  stats_.streams_live.add();
  idle_.set(id.index, now.mono + limits_.idle_timeout);
  arm_idle_timer();
  find(id)->stream.async_handshake(limits_.handshake_timeout,
                                   [this, id](error_code error) { on_handshake(id, error); });
}

// Now it is known who the client is, and whether it is TLS.
void StreamClients::on_handshake(ClientId id, const error_code& error) {
  StreamClient* client = find(id);
  if (client == nullptr) return;
  const io::Stream& stream = client->stream;
  FiveTuple& tuple = client->five_tuple;
  tuple = {stream.remote(), stream.local(), stream.is_tls() ? Transport::kTls : Transport::kTcp, tuple.listener};
  if (error) return end(id, end_of(error, stream), error.message());
  if (!client->counted && !take_of_source(io::read_clocks(), *client)) return end(id, StreamEnd::kRefused);
  if (stream.is_tls()) stats_.tls_handshakes.observe(io::read_clocks().mono - client->last_message);
  // The kernel has forgotten the old connection: so must we.
  if (const auto old = by_five_tuple_.find(tuple); old != by_five_tuple_.end())
    end(old->second, StreamEnd::kClientClosed);
  by_five_tuple_[tuple] = id;
  client->ready = true;
  read(id);
}

void StreamClients::adopt(io::Stream::Detached stream, StreamPlace place, const FiveTuple& tuple, ReadBuffer reads,
                          Bytes first) {
  const Now now = io::read_clocks();
  io::Stream attached(context_, std::move(stream));
  if (stopped_ || !attached.is_open()) return;
  // The kernel has forgotten the old connection: so must we.
  if (const auto old = by_five_tuple_.find(tuple); old != by_five_tuple_.end())
    end(old->second, StreamEnd::kClientClosed);
  const ClientId id = clients_.insert(std::make_unique<StreamClient>(std::move(attached), tuple, now.mono));
  by_five_tuple_[tuple] = id;
  StreamClient& client = *find(id);
  client.ready = client.counted = client.begun = true;
  client.reads = std::move(reads);
  place.release();
  stats_.streams_live.add();
  idle_.set(id.index, now.mono + limits_.idle_timeout);
  arm_idle_timer();
  host_.on_stream_frame(now, tuple, first);
  if (!cut_frames(now, id)) return;
  find(id)->reads.settle(0);
  read(id);
}

void StreamClients::read(ClientId id) {
  StreamClient& client = *find(id);
  const MutableBytes room = client.reads.room();
  client.stream.async_read_some(asio::buffer(room.data(), room.size()),
                                [this, id](error_code error, size_t size) { on_read(id, error, size); });
}

void StreamClients::on_read(ClientId id, const error_code& error, size_t size) {
  StreamClient* client = find(id);
  if (client == nullptr || client->leaving || (paused_ && error == asio::error::operation_aborted)) return;
  if (error) return end(id, StreamEnd::kClientClosed, error.message());
  client->reads.filled(size);
  if (!std::exchange(client->begun, true)) {
    if (const auto refused = judge_beginning(client->reads.bytes())) return end(id, *refused);
  }
  if (!cut_frames(io::read_clocks(), id)) return;
  client->reads.settle(size);
  if (!paused_) read(id);
}

// False when reading is over.
bool StreamClients::cut_frames(Now now, ClientId id) {
  for (;;) {
    StreamClient* client = find(id);
    if (client == nullptr || client->leaving || client->doomed || client->departure) return false;
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
      stats_.stream_queued_bytes.add(frame.size());
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
  if (paused_) return dirty_.clear();
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
  if (client == nullptr || (paused_ && error == asio::error::operation_aborted)) return;
  if (error) return end(id, StreamEnd::kClientClosed, error.message());
  stats_.stream_queued_bytes.subtract(size);
  Bytes next = client->writes.written(size);
  if (paused_) return;
  if (next.empty()) next = client->writes.begin_write();
  if (!next.empty()) return write(id, next);
  if (client->leaving) return say_goodbye(id);
  if (client->departure) let_go(id);
}

void StreamClients::depart(const FiveTuple& client, Departure departure) {
  const auto found = by_five_tuple_.find(client);
  StreamClient* leaver = found == by_five_tuple_.end() ? nullptr : find(found->second);
  if (leaver == nullptr || leaver->leaving || leaver->doomed) return departure(std::nullopt);
  leaver->departure = std::move(departure);
  if (leaver->writes.empty()) let_go(found->second);
}

void StreamClients::let_go(ClientId id) {
  const std::unique_ptr<StreamClient> client = remove(id);
  client->departure(StreamLeaver{.stream = std::move(client->stream),
                                 .five_tuple = client->five_tuple,
                                 .reads = std::move(client->reads),
                                 .place = StreamPlace(places_, client->five_tuple.client.address)});
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

std::unique_ptr<StreamClient> StreamClients::remove(ClientId id) {
  std::unique_ptr<StreamClient> client = std::move(*clients_.find(id));
  clients_.erase(id);
  if (client->ready) by_five_tuple_.erase(client->five_tuple);
  idle_.clear(id.index);
  stats_.streams_live.subtract();
  stats_.stream_queued_bytes.subtract(client->writes.size());
  return client;
}

void StreamClients::end(ClientId id, StreamEnd reason, std::string_view detail) {
  const std::unique_ptr<StreamClient> client = remove(id);
  if (client->counted) places_.give_back_of_source(client->five_tuple.client.address);
  places_.give_back();
  stats_.streams_ended[reason].add();
  const Now now = io::read_clocks();
  log_.stream_ended(now, client->five_tuple, reason, detail);
  client->stream.close();
  if (client->departure) client->departure(std::nullopt);
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
