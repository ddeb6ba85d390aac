#include "turn/shell/handover.h"

#include <gtest/gtest.h>

#include "turn/shell/limits.h"

namespace noom::turn {
namespace {

const IpEndpoint kTo{IpAddress::v4(192, 0, 2, 1), 50000};
const IpEndpoint kFrom{IpAddress::v4(192, 0, 2, 2), 50002};

TEST(Handover, CarriesDatagramsWithRoomToFrameThem) {
  HandoverOutbox outbox(3);
  EXPECT_TRUE(outbox.add({2, kTo, kFrom, as_bytes("one")}));
  EXPECT_TRUE(outbox.add({1, kFrom, kTo, as_bytes("")}));
  EXPECT_TRUE(outbox.add({2, kTo, kFrom, as_bytes("three")}));
  std::vector<uint32_t> order;
  std::vector<std::string> texts;
  outbox.flush([&](uint32_t shard, std::unique_ptr<HandoverBatch> batch) {
    for (const HandoverBatch::Datagram& datagram : batch->datagrams()) {
      order.push_back(shard);
      const size_t size = datagram.room.size() - kPeerHeadroom - kPeerTailroom;
      texts.emplace_back(as_text(datagram.room.subspan(kPeerHeadroom, size)));
      EXPECT_EQ(datagram.to, shard == 2 ? kTo : kFrom);
      EXPECT_EQ(datagram.from, shard == 2 ? kFrom : kTo);
    }
  });
  EXPECT_EQ(order, (std::vector<uint32_t>{2, 2, 1}));
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "three", ""}));
}

TEST(Handover, AFlushEmptiesTheOutbox) {
  HandoverOutbox outbox(2);
  outbox.add({1, kTo, kFrom, as_bytes("x")});
  outbox.flush([](uint32_t, std::unique_ptr<HandoverBatch>) {});
  outbox.flush([](uint32_t, std::unique_ptr<HandoverBatch>) { FAIL() << "nothing was added"; });
}

TEST(Handover, WhatTheReceiverHasNotTakenIsBounded) {
  HandoverOutbox outbox(2);
  const std::vector<std::byte> payload(60'000);
  size_t taken = 0;
  while (outbox.add({1, kTo, kFrom, payload})) ASSERT_LE(++taken * payload.size(), kHandoverBytesMax);
  EXPECT_GT(taken * payload.size(), kHandoverBytesMax / 2);
  EXPECT_TRUE(outbox.add({0, kTo, kFrom, payload})) << "another shard's lane is its own";

  std::unique_ptr<HandoverBatch> in_flight;
  outbox.flush([&](uint32_t shard, std::unique_ptr<HandoverBatch> batch) {
    if (shard == 1) in_flight = std::move(batch);
  });
  EXPECT_FALSE(outbox.add({1, kTo, kFrom, payload}));
  in_flight.reset();
  EXPECT_TRUE(outbox.add({1, kTo, kFrom, payload}));
}

}  // namespace
}  // namespace noom::turn
