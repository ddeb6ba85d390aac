// What a service leaves to the process after it: the state of every shard, and the sockets of clients, listeners and
// relays, which go along as descriptors. As bytes:
//
//   "noom-turn state" | version 4 | SHA-256 of what follows 32 | the values, common/base/archive.h
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/io/fd_parcel.h"
#include "turn/core/saved_state.h"
#include "turn/shell/stream_client.h"

namespace noom::turn {

// `fd` is an index into FdParcel::fds, here and in SavedStream.
struct SavedSocket {
  IpEndpoint local;
  uint32_t fd = 0;
};
struct SavedShardWhole {
  SavedShard core;
  std::vector<SavedSocket> relays;
  std::vector<SavedStream> streams;
  std::vector<uint32_t> listeners;  // those that systemd has not got, in the order of their opening
};
struct SavedListener {
  Transport transport = Transport::kUdp;
  bool or_tls = false;
  IpEndpoint local;
};
struct SavedService {
  std::string nonce_key;
  std::vector<SavedListener> listeners;  // by the index that five-tuples have
  std::vector<SavedShardWhole> shards;
};

std::vector<std::byte> encode(SavedService& saved);
// The message of an error says what is wrong, for the log.
absl::StatusOr<SavedService> decode(Bytes bytes);

// What came from the process before.
struct LeftService {
  SavedService saved;
  std::vector<io::Fd> fds;  // empty ones have been taken
  uint32_t unusable = 0;    // allocations without a socket or a listener
};

// Its listening sockets are io::take_back_sockets' from now on. InvalidArgument says why it is of no use: damaged, of
// another version, or of another number of shards.
absl::StatusOr<std::shared_ptr<LeftService>> open_left(io::FdParcel parcel, uint32_t shard_count);

// Fits it to these listeners: five-tuples get their indices, and what came by a listener that is no more is left out,
// as is each allocation without its sockets.
struct Listener;
void fit(LeftService& left, const std::vector<Listener>& listeners);

}  // namespace noom::turn
