// The TCP and TLS clients of one shard: accepting, limits, deframing, writing, time-outs. RFC 8656 §3.1, RFC 8489
// §6.2.2.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "common/base/deadline_queue.h"
#include "common/base/endpoint.h"
#include "common/base/handle_table.h"
#include "common/io/stream.h"
#include "turn/shell/event_log.h"
#include "turn/shell/shell_stats.h"
#include "turn/shell/stream_client.h"
#include "turn/shell/stream_places.h"

namespace noom::turn {

// The shard, as its stream clients see it.
class StreamHost {
 public:
  // One whole frame, borrowed during the call.
  virtual void on_stream_frame(Now now, const FiveTuple& client, Bytes frame) = 0;
  // The client has left; nothing can be sent to it any more.
  virtual void on_stream_closed(Now now, const FiveTuple& client) = 0;
  virtual bool has_allocation(const FiveTuple& client) const = 0;
  // As Server::denial has it.
  virtual std::string_view denial(const IpAddress& client) const = 0;

 protected:
  ~StreamHost() = default;
};

struct StreamLimits {
  Duration idle_timeout = kStreamIdleTimeout;
  Duration handshake_timeout = kHandshakeTimeout;
};

// Single-threaded; outlives the io_context's last handler.
class StreamClients {
 public:
  // `places` are those of all shards.
  StreamClients(boost::asio::io_context& context, StreamHost& host, const StreamLimits& limits, StreamPlaces& places,
                ShellStats& stats, EventLog& log);

  // With a preamble the connection counts for the client that it names, not for the proxy.
  void accept(io::Stream::Socket socket, uint8_t listener, io::StreamOpening opening);
  // Copies the frame into the client's queue; it leaves with the next flush(). What the queue has no room for is
  // counted.
  void send(const FiveTuple& client, Bytes frame);
  bool contains(const FiveTuple& client) const { return by_five_tuple_.contains(client); }
  // Closes once what is queued has been written.
  void close(const FiveTuple& client);
  // Call while a frame of that client is being handled. It is read no more, and leaves once what is queued has been
  // written: the host is not told, `departure` is.
  void depart(const FiveTuple& client, Departure departure);
  // The other end of that on another shard: a client whose first message has been read.
  void adopt(io::Stream::Detached stream, StreamPlace place, const FiveTuple& client, ReadBuffer reads, Bytes first);
  // Starts the writes of all clients with something queued. Never calls the host.
  void flush();
  // Reads and writes no more, and ends who the next process cannot go on with: TLS, whose session is this process's,
  // and who is not ready or on the way out. What is sent from now on waits for save(), once the loop has come round.
  void pause();
  // Who is left, each one's descriptor appended to `fds` and open until this is destroyed; none of them is here any
  // more.
  std::vector<SavedStream> save(std::vector<int>& fds);
  // One of these, taken back.
  void restore(SavedStream saved, io::Fd fd);
  void stop();
  size_t size() const { return clients_.size(); }

 private:
  struct ClientTag;
  using ClientId = Handle<ClientTag>;
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;

  StreamClient* find(ClientId id);
  bool take_of_source(Now now, StreamClient& client);
  void on_handshake(ClientId id, const boost::system::error_code& error);
  void let_go(ClientId id);
  std::unique_ptr<StreamClient> remove(ClientId id);
  void read(ClientId id);
  void on_read(ClientId id, const boost::system::error_code& error, size_t size);
  bool cut_frames(Now now, ClientId id);
  void write(ClientId id, Bytes bytes);
  void on_written(ClientId id, const boost::system::error_code& error, size_t size);
  void say_goodbye(ClientId id);
  void doom(ClientId id, StreamEnd reason);
  void end(ClientId id, StreamEnd reason, std::string_view detail = {});
  void arm_idle_timer();
  void on_idle_timer();

  boost::asio::io_context& context_;
  StreamHost& host_;
  const StreamLimits limits_;
  StreamPlaces& places_;
  ShellStats& stats_;
  EventLog& log_;
  HandleTable<ClientTag, std::unique_ptr<StreamClient>> clients_;
  absl::flat_hash_map<FiveTuple, ClientId> by_five_tuple_;  // those that are ready; looked up, never iterated
  std::vector<ClientId> dirty_;
  DeadlineQueue idle_;  // keyed by client index
  Timer idle_timer_;
  std::vector<io::Stream> kept_open_;
  bool timer_armed_ = false;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace noom::turn
