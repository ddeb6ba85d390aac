#include "turn/shell/saved_service.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/secret.h"
#include "common/io/inherited_sockets.h"
#include "common/wire/digest.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {
namespace {

constexpr std::string_view kMagic = "noom-turn state";

template <typename Archive>
void all(Archive& archive, SavedService& service) {
  archive(service.nonce_key, service.listeners, service.shards);
}

// By old index; empty: there is no such listener any more.
std::vector<std::optional<uint8_t>> match(const std::vector<SavedListener>& old, const std::vector<Listener>& fresh) {
  std::vector<std::optional<uint8_t>> indices(old.size());
  for (size_t i = 0; i < old.size(); ++i)
    for (size_t j = 0; j < fresh.size(); ++j)
      if (fresh[j].transport == old[i].transport && fresh[j].local == old[i].local)
        indices[i] = static_cast<uint8_t>(j);
  return indices;
}

}  // namespace

template <typename Archive>
void fields(Archive& archive, SavedSocket& socket) {
  archive(socket.local, socket.fd);
}
template <typename Archive>
void fields(Archive& archive, SavedStream& stream) {
  archive(stream.client, stream.read, stream.unsent, stream.begun, stream.fd);
}
template <typename Archive>
void fields(Archive& archive, SavedShardWhole& shard) {
  archive(shard.core, shard.relays, shard.streams, shard.listeners);
}
template <typename Archive>
void fields(Archive& archive, SavedListener& listener) {
  archive(listener.transport, listener.or_tls, listener.local);
}

std::vector<std::byte> encode(SavedService& saved) {
  Encoder body;
  all(body, saved);
  const std::vector<std::byte> values = body.take();
  Encoder whole;
  uint32_t version = kSavedStateVersion;
  whole.raw(as_bytes(kMagic));
  whole(version);
  whole.raw(wire::sha256({values}));
  whole.raw(values);
  return whole.take();
}

absl::StatusOr<SavedService> decode(Bytes bytes) {
  Reader head(bytes);
  if (as_text(head.take(kMagic.size())) != kMagic) return absl::InvalidArgumentError("it is no state of noom-turn");
  const uint32_t version = head.u32();
  if (version != kSavedStateVersion)
    return absl::InvalidArgumentError(
        absl::StrCat("it is of version ", version, ", and this program reads version ", kSavedStateVersion));
  const Bytes digest = head.take(sizeof(wire::Sha256Digest));
  const auto computed = wire::sha256({head.rest()});
  if (!head.ok() || !equal_constant_time(digest, computed)) return absl::InvalidArgumentError("it is damaged");
  SavedService saved;
  Decoder body(head.rest());
  all(body, saved);
  if (!body.ok() || !body.at_end()) return absl::InvalidArgumentError("it is damaged");
  return saved;
}

absl::StatusOr<std::shared_ptr<LeftService>> open_left(io::FdParcel parcel, uint32_t shard_count) {
  auto saved = decode(parcel.bytes);
  secure_zero(parcel.bytes);
  if (!saved.ok()) return saved.status();
  if (saved->shards.size() != shard_count)
    return absl::InvalidArgumentError(absl::StrCat("it is of ", saved->shards.size(), " shards, and now there are ",
                                                   shard_count, ": the kernel would give clients to other shards"));
  auto left = std::make_shared<LeftService>();
  left->saved = *std::move(saved);
  left->fds = std::move(parcel.fds);
  std::vector<io::Fd> listeners;
  for (const SavedShardWhole& shard : left->saved.shards)
    for (const uint32_t fd : shard.listeners)
      if (fd < left->fds.size()) listeners.push_back(std::move(left->fds[fd]));
  io::take_back_sockets(std::move(listeners));
  return left;
}

void fit(LeftService& left, const std::vector<Listener>& listeners) {
  SavedService& saved = left.saved;
  const auto indices = match(saved.listeners, listeners);
  const auto renumber = [&](FiveTuple& client) {
    if (client.listener >= indices.size() || !indices[client.listener]) return false;
    client.listener = *indices[client.listener];
    return true;
  };
  absl::flat_hash_set<IpEndpoint> relayed;
  for (SavedShardWhole& shard : saved.shards) {
    absl::flat_hash_set<IpEndpoint> sockets;
    for (const SavedSocket& relay : shard.relays)
      if (relay.fd < left.fds.size()) sockets.insert(relay.local);
    std::erase_if(shard.streams,
                  [&](SavedStream& stream) { return stream.fd >= left.fds.size() || !renumber(stream.client); });
    left.unusable += static_cast<uint32_t>(std::erase_if(shard.core.allocations, [&](SavedAllocation& each) {
      auto& arriving = each.value.mobility.arriving;
      if (arriving && !renumber(arriving->client)) arriving.reset();
      const auto has_socket = [&](const auto& relay) { return !relay || sockets.contains(relay->local); };
      return !renumber(each.value.client) || !std::ranges::all_of(each.relays, has_socket);
    }));
    std::erase_if(shard.core.forwarded, [&](SavedForward& each) { return !renumber(each.client); });
    for (const SavedAllocation& each : shard.core.allocations)
      for (const auto& relay : each.relays)
        if (relay) relayed.insert(relay->local);
  }
  // What nobody relays from any more has come back to who lent it.
  for (SavedShardWhole& shard : saved.shards)
    std::erase_if(shard.core.lent, [&](const SavedLoan& loan) { return !relayed.contains(loan.port); });
}

}  // namespace noom::turn
