#include "tests/bench/traffic.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "common/wire/channel_data.h"

namespace noom::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kBatch = 64;  // datagrams in one sendmmsg or recvmmsg
constexpr size_t kDatagramBytesMax = 2048;

// Datagrams of one direction, one after the other through all flows, kBatch at a time.
class Sender {
 public:
  // One message for each flow; `sources` is empty where the kernel may choose.
  Sender(int socket, std::vector<std::byte> payload, const std::vector<sockaddr_in>& targets,
         const std::vector<in_addr>& sources, uint32_t train)
      : socket_(socket), payload_(std::move(payload)), targets_(targets), controls_(sources.size()) {
    part_ = {payload_.data(), payload_.size()};
    messages_.resize(targets_.size() * train);
    for (size_t i = 0; i < messages_.size(); ++i) {
      const size_t flow = i / train;
      msghdr& header = messages_[i].msg_hdr;
      header = {};
      header.msg_name = &targets_[flow];
      header.msg_namelen = sizeof(sockaddr_in);
      header.msg_iov = &part_;
      header.msg_iovlen = 1;
      if (sources.empty()) continue;
      controls_[flow].set(sources[flow]);
      controls_[flow].attach(header);
    }
  }
  // Sends up to `count`; returns how many the kernel took.
  uint64_t send(uint32_t count) {
    uint64_t sent = 0;
    while (count > 0) {
      const auto room = static_cast<uint32_t>(messages_.size() - next_);
      const int taken = sendmmsg(socket_, &messages_[next_], std::min(count, room), 0);
      if (taken <= 0) break;
      sent += static_cast<uint64_t>(taken);
      count -= static_cast<uint32_t>(taken);
      next_ = (next_ + static_cast<size_t>(taken)) % messages_.size();
    }
    return sent;
  }

 private:
  int socket_;
  std::vector<std::byte> payload_;
  std::vector<sockaddr_in> targets_;
  std::vector<SourceControl> controls_;
  iovec part_{};
  std::vector<mmsghdr> messages_;
  size_t next_ = 0;
};

// Counts datagrams of exactly the expected size.
class Receiver {
 public:
  Receiver(int socket, size_t expected_bytes) : socket_(socket), expected_bytes_(expected_bytes) {
    for (uint32_t i = 0; i < kBatch; ++i) {
      parts_[i] = {rooms_[i].data(), rooms_[i].size()};
      messages_[i].msg_hdr = {};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  uint64_t drain(int batches) {
    uint64_t counted = 0;
    for (; batches > 0; --batches) {
      const int received = recvmmsg(socket_, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
      for (int i = 0; i < received; ++i) counted += messages_[static_cast<size_t>(i)].msg_len == expected_bytes_;
      if (received < static_cast<int>(kBatch)) break;
    }
    return counted;
  }

 private:
  int socket_;
  size_t expected_bytes_;
  std::vector<std::array<std::byte, kDatagramBytesMax>> rooms_{kBatch};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
};

std::vector<std::byte> channel_message(size_t payload_bytes) {
  std::vector<std::byte> message(wire::kChannelHeaderSize + payload_bytes);
  wire::write_channel_header(std::span(message).first<wire::kChannelHeaderSize>(), kChannel,
                             static_cast<uint16_t>(payload_bytes));
  return message;
}

}  // namespace

Delivered drive(TurnClients& clients, int peer_socket, const TrafficPlan& plan) {
  std::vector<in_addr> sources;
  for (uint32_t client = 0; client < clients.count(); ++client) sources.push_back(clients.source_of(client));
  const std::vector<sockaddr_in> servers(clients.count(), clients.server());
  Sender up(clients.socket(), channel_message(plan.payload_bytes), servers, sources, plan.train);
  Sender down(peer_socket, std::vector<std::byte>(plan.payload_bytes), clients.relayed(), {}, plan.train);
  Receiver at_peer(peer_socket, plan.payload_bytes);
  Receiver at_clients(clients.socket(), wire::kChannelHeaderSize + plan.payload_bytes);

  Delivered result;
  const auto start = Clock::now();
  const auto end = start + plan.time;
  auto now = start;
  for (; now < end; now = Clock::now()) {
    const uint64_t sent = result.up.sent + result.down.sent;
    const double elapsed_s = std::chrono::duration<double>(now - start).count();
    const bool behind =
        plan.per_second == 0 || static_cast<double>(sent) < elapsed_s * static_cast<double>(plan.per_second);
    if (behind) {
      const uint32_t burst = plan.per_second == 0 ? kBatch : std::min(kBatch, 8u);
      result.up.sent += up.send(burst);
      result.down.sent += down.send(burst);
    }
    result.up.delivered += at_peer.drain(4);
    result.down.delivered += at_clients.drain(4);
  }
  result.seconds = std::chrono::duration<double>(now - start).count();

  // What is still on its way, until 100 ms pass without any.
  pollfd readable[] = {{peer_socket, POLLIN, 0}, {clients.socket(), POLLIN, 0}};
  while (poll(readable, 2, 100) > 0) {
    result.up.delivered += at_peer.drain(64);
    result.down.delivered += at_clients.drain(64);
  }
  return result;
}

}  // namespace noom::bench
