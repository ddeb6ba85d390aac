#include "turn/shell/saved_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "turn/shell/turn_service.h"

namespace noom::turn {
namespace {

using testing::HasSubstr;

IpEndpoint endpoint(std::string_view text) {
  return IpEndpoint::parse(text).value();
}

// One shard with an allocation that came by each of two listeners, and a connection.
SavedService two_listeners() {
  SavedService saved;
  saved.nonce_key = "a key of the nonces";
  saved.listeners = {{Transport::kUdp, false, endpoint("192.0.2.1:3478")},
                     {Transport::kTcp, false, endpoint("192.0.2.1:3478")}};
  SavedShardWhole& shard = saved.shards.emplace_back();
  for (uint8_t i = 0; i < 2; ++i) {
    SavedAllocation& each = shard.core.allocations.emplace_back();
    each.value.client = {endpoint("198.51.100.7:4000"), saved.listeners[i].local, saved.listeners[i].transport, i};
    each.value.username = "alice";
    each.relays[0] =
        SavedRelay{.local = {IpAddress::v4(203, 0, 113, 1), static_cast<uint16_t>(50000 + i)}, .external = {}};
    shard.relays.push_back({each.relays[0]->local, i});
  }
  shard.streams.push_back(
      {.client = shard.core.allocations[1].value.client, .read = {}, .unsent = {}, .begun = true, .fd = 2});
  return saved;
}
Listener listener(Transport transport, std::string_view local) {
  return {.name = "listen", .transport = transport, .local = endpoint(local)};
}
LeftService left_with(SavedService saved, size_t fds) {
  LeftService left;
  left.saved = std::move(saved);
  left.fds.resize(fds);
  return left;
}

TEST(SavedService, IsReadAsItWasWritten) {
  SavedService saved = two_listeners();
  const auto read = decode(encode(saved));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ("a key of the nonces", read->nonce_key);
  ASSERT_EQ(1u, read->shards.size());
  ASSERT_EQ(2u, read->shards[0].core.allocations.size());
  EXPECT_EQ("alice", read->shards[0].core.allocations[1].value.username);
  EXPECT_EQ(2u, read->shards[0].streams[0].fd);
}

TEST(SavedService, AnyByteThatChangedMakesItNoState) {
  SavedService saved = two_listeners();
  const std::vector<std::byte> good = encode(saved);
  for (size_t i = 0; i < good.size(); ++i) {
    std::vector<std::byte> damaged = good;
    damaged[i] ^= std::byte{1};
    EXPECT_FALSE(decode(damaged).ok()) << i;
  }
}

TEST(SavedService, AnyLengthThatIsNotItsOwnMakesItNoState) {
  SavedService saved = two_listeners();
  std::vector<std::byte> bytes = encode(saved);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(Bytes(bytes).first(size)).ok()) << size;
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode(bytes).ok());
}

TEST(SavedService, AnotherVersionIsSaidToBeOne) {
  SavedService saved = two_listeners();
  std::vector<std::byte> other = encode(saved);
  store_be<uint32_t>(other.data() + std::string_view("noom-turn state").size(), kSavedStateVersion + 1);
  EXPECT_THAT(decode(other).status().message(), HasSubstr("it is of version 2, and this program reads version 1"));
}

TEST(SavedService, AnotherNumberOfShardsIsRefused) {
  SavedService saved = two_listeners();
  io::FdParcel parcel{encode(saved), {}};
  EXPECT_THAT(open_left(std::move(parcel), 2).status().message(), HasSubstr("it is of 1 shards, and now there are 2"));
}

TEST(SavedService, ListenersThatMovedGetTheirNewIndexAndThoseThatAreGoneLoseTheirClients) {
  LeftService left = left_with(two_listeners(), 3);
  fit(left, {listener(Transport::kUdp, "192.0.2.1:9"), listener(Transport::kTcp, "192.0.2.1:3478")});
  const SavedShardWhole& shard = left.saved.shards[0];
  EXPECT_EQ(1u, left.unusable);
  ASSERT_EQ(1u, shard.core.allocations.size());
  EXPECT_EQ(1u, shard.core.allocations[0].value.client.listener);
  EXPECT_EQ(1u, shard.streams.size());
}

TEST(SavedService, AnAllocationWithoutItsSocketIsLeftOut) {
  LeftService left = left_with(two_listeners(), 3);
  left.saved.shards[0].relays.pop_back();
  fit(left, {listener(Transport::kUdp, "192.0.2.1:3478"), listener(Transport::kTcp, "192.0.2.1:3478")});
  EXPECT_EQ(1u, left.unusable);
  EXPECT_EQ(1u, left.saved.shards[0].core.allocations.size());
}

TEST(SavedService, ALentPortThatNobodyRelaysFromIsNotLentAnyMore) {
  SavedService saved = two_listeners();
  saved.shards[0].core.lent = {{{IpAddress::v4(203, 0, 113, 1), 50000}, 1},
                               {{IpAddress::v4(203, 0, 113, 1), 60000}, 1}};
  LeftService left = left_with(std::move(saved), 3);
  fit(left, {listener(Transport::kUdp, "192.0.2.1:3478"), listener(Transport::kTcp, "192.0.2.1:3478")});
  ASSERT_EQ(1u, left.saved.shards[0].core.lent.size());
  EXPECT_EQ(50000, left.saved.shards[0].core.lent[0].port.port);
}

}  // namespace
}  // namespace noom::turn
