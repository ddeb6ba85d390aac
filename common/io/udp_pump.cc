#include "common/io/udp_pump.h"

#include <optional>
#include <vector>

#include "common/base/handle_table.h"
#include "common/io/clocks.h"
#include "common/io/udp_receive.h"
#include "common/io/udp_send.h"

namespace noom::io {

namespace {

constexpr size_t kIcmpPerRead = 16;  // the rest waits for the next turn

uint64_t to_key(UdpSocketId id) {
  return uint64_t{id.generation} << 32 | id.index;
}
UdpSocketId from_key(uint64_t key) {
  return {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
}

struct Entry {
  UdpSocket socket;
  uint64_t tag = 0;
  SendQueue queue;
  uint32_t overflows = 0;
  bool closing = false;
};

}  // namespace

struct UdpPump::State final : PollHandler {
  State(boost::asio::io_context& context, UdpReceiver& to)
      : receiver(to), receive(stats), sends(stats), poll(context, *this) {}

  size_t on_readable(uint64_t key, size_t budget) override;
  size_t room() const override { return receive_room(); }
  void on_turn_end() override;
  size_t read_icmp(UdpSocketId id);
  void flush();
  size_t receive_room() const { return const_cast<UdpReceive&>(receive).slabs().room(); }

  UdpReceiver& receiver;
  UdpPumpStats stats;
  UdpReceive receive;
  UdpSend sends;
  HandleTable<UdpPumpTag, Entry> sockets;
  std::vector<UdpSocketId> unflushed;  // sockets with something queued, in the order of their first datagram
  std::optional<Now> now;              // of this turn
  PollSet poll;
};

size_t UdpPump::State::on_readable(uint64_t key, size_t budget) {
  const UdpSocketId id = from_key(key);
  Entry* entry = sockets.find(id);
  if (entry == nullptr || entry->closing) return 0;
  const size_t taken = receive.read(entry->socket, entry->overflows, budget);
  // Nothing to read though the kernel woke us: what is there may be errors, which would wake us for ever.
  if (taken == 0 && entry->socket.reports_icmp()) return read_icmp(id);
  if (receive.batch().empty()) return taken;
  if (!now) now = read_clocks();
  receiver.on_datagrams(*now, id, entry->tag, receive.batch());
  return taken;
}

size_t UdpPump::State::read_icmp(UdpSocketId id) {
  for (size_t i = 0; i < kIcmpPerRead; ++i) {
    Entry* const entry = sockets.find(id);
    if (entry == nullptr || entry->closing) break;
    const auto error = receive.read_icmp(entry->socket, sends.refused());
    if (!error) break;
    if (!now) now = read_clocks();
    receiver.on_icmp(*now, id, entry->tag, *error);
  }
  return 0;
}

void UdpPump::State::on_turn_end() {
  flush();
  now.reset();
  receiver.on_flushed();
  receive.slabs().reset();
}

void UdpPump::State::flush() {
  for (const UdpSocketId id : unflushed) {
    Entry* entry = sockets.find(id);
    sends.flush(entry->socket, entry->queue);
    if (entry->closing) sockets.erase(id);
  }
  unflushed.clear();
  sends.clear();
}

UdpPump::UdpPump(boost::asio::io_context& context, UdpReceiver& receiver)
    : state_(std::make_unique<State>(context, receiver)) {}

UdpPump::~UdpPump() {
  stop();
}

UdpSocketId UdpPump::add(UdpSocket socket, PollClass poll_class, uint64_t tag) {
  const int fd = socket.fd();
  const UdpSocketId id = state_->sockets.insert(Entry{std::move(socket), tag, {}, 0, false});
  if (state_->poll.add(fd, to_key(id), poll_class)) return id;
  state_->sockets.erase(id);
  return {};
}

void UdpPump::remove(UdpSocketId socket) {
  Entry* entry = state_->sockets.find(socket);
  if (entry == nullptr || entry->closing) return;
  state_->poll.remove(entry->socket.fd(), to_key(socket));
  entry->closing = true;
  if (entry->queue.count == 0) state_->sockets.erase(socket);
}

void UdpPump::send(UdpSocketId socket, const IpEndpoint& to, const IpAddress& from, Bytes payload,
                   const SendOptions& options) {
  Entry* entry = state_->sockets.find(socket);
  if (entry == nullptr || entry->closing) {
    state_->stats.send_drop_closed.add();
    return;
  }
  if (entry->queue.count == 0) state_->unflushed.push_back(socket);
  state_->sends.queue(entry->queue, to, from, payload, options);
  state_->poll.end_turn_soon();
}

void UdpPump::flush_soon() {
  state_->poll.end_turn_soon();
}

void UdpPump::flush() {
  state_->on_turn_end();
}

size_t UdpPump::queued() const {
  return state_->sends.size();
}

void UdpPump::freeze() {
  flush();
  state_->poll.stop();
}

int UdpPump::fd(UdpSocketId socket) const {
  const Entry* entry = state_->sockets.find(socket);
  return entry == nullptr || entry->closing ? -1 : entry->socket.fd();
}

void UdpPump::stop() {
  state_->flush();
  state_->poll.stop();
  std::vector<UdpSocketId> open;
  state_->sockets.for_each([&](UdpSocketId id, Entry&) { open.push_back(id); });
  for (const UdpSocketId id : open) state_->sockets.erase(id);
}

const UdpPumpStats& UdpPump::stats() const {
  return state_->stats;
}

}  // namespace noom::io
