// Connections that outlive the process: reading and writing stops between two operations, and what was read and not yet
// written goes along with the descriptor.
#include <boost/asio/post.hpp>

#include "common/io/clocks.h"
#include "turn/shell/stream_clients.h"

namespace noom::turn {

void StreamClients::pause() {
  paused_ = true;
  idle_timer_.cancel();
  std::vector<ClientId> ending;
  clients_.for_each([&](ClientId id, const std::unique_ptr<StreamClient>& client) {
    const bool stays = client->ready && !client->stream.is_tls() && !client->leaving && !client->doomed &&
                       !client->departure && client->stream.is_open();
    if (!stays) return ending.push_back(id);
    boost::system::error_code ignored;
    client->stream.socket().cancel(ignored);
  });
  for (const ClientId id : ending)
    if (find(id) != nullptr) end(id, StreamEnd::kStopped);
}

std::vector<SavedStream> StreamClients::save(std::vector<int>& fds) {
  std::vector<SavedStream> saved;
  std::vector<ClientId> all;
  clients_.for_each([&](ClientId id, const std::unique_ptr<StreamClient>&) { all.push_back(id); });
  for (const ClientId id : all) {
    const std::unique_ptr<StreamClient> client = remove(id);
    if (client->doomed || client->leaving) continue;
    const Bytes read = client->reads.bytes();
    saved.push_back({.client = client->five_tuple,
                     .read = {read.begin(), read.end()},
                     .unsent = client->writes.unsent(),
                     .begun = client->begun,
                     .fd = static_cast<uint32_t>(fds.size())});
    fds.push_back(client->stream.socket().native_handle());
    kept_open_.push_back(std::move(client->stream));
  }
  return saved;
}

void StreamClients::restore(SavedStream saved, io::Fd fd) {
  const Now now = io::read_clocks();
  io::Stream stream(context_, io::Stream::Detached::plain(std::move(fd), saved.client.client, saved.client.server));
  if (!stream.is_open() || by_five_tuple_.contains(saved.client) || !places_.take()) return;
  const ClientId id = clients_.insert(std::make_unique<StreamClient>(std::move(stream), saved.client, now.mono));
  by_five_tuple_[saved.client] = id;
  StreamClient& client = *find(id);
  client.counted = places_.take_of_source(saved.client.client.address);
  client.ready = true;
  client.begun = saved.begun;
  client.reads = ReadBuffer::with(saved.read);
  client.writes.restore(saved.unsent);
  client.dirty = !saved.unsent.empty();
  if (client.dirty) dirty_.push_back(id);
  stats_.streams_live.add();
  idle_.set(id.index, now.mono + limits_.idle_timeout);
  boost::asio::post(context_, [this, id] {
    if (find(id) == nullptr) return;
    arm_idle_timer();
    flush();
    if (!cut_frames(io::read_clocks(), id)) return;
    find(id)->reads.settle(0);
    read(id);
  });
}

}  // namespace noom::turn
