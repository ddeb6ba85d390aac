#include "turn/shell/handover.h"

#include <gtest/gtest.h>

#include "turn/shell/limits.h"

namespace noom::turn {
namespace {

const IpEndpoint kTo{IpAddress::v4(192, 0, 2, 1), 50000};
const IpEndpoint kFrom{IpAddress::v4(192, 0, 2, 2), 50002};
const FiveTuple kClient{kTo, kFrom, Transport::kTls, 3};
using BetweenRelays = HandoverBatch::BetweenRelays;
const BetweenRelays kRoute{kTo, kFrom};

TEST(Handover, CarriesDatagramsWithRoomToFrameThem) {
  HandoverOutbox outbox(3);
  EXPECT_TRUE(outbox.add(2, BetweenRelays{kTo, kFrom}, as_bytes("one")));
  EXPECT_TRUE(outbox.add(1, HandoverBatch::FromClient{kClient}, as_bytes("")));
  EXPECT_TRUE(outbox.add(2, HandoverBatch::ToClient{kClient}, as_bytes("three")));
  std::vector<uint32_t> order;
  std::vector<std::string> texts;
  std::vector<size_t> routes;
  outbox.flush([&](uint32_t shard, std::unique_ptr<HandoverBatch> batch) {
    for (const HandoverBatch::Datagram& datagram : batch->datagrams()) {
      order.push_back(shard);
      texts.emplace_back(as_text(datagram.payload()));
      routes.push_back(datagram.route.index());
      EXPECT_EQ(datagram.room.data() + kPeerHeadroom, datagram.payload().data());
      if (const auto* between = std::get_if<BetweenRelays>(&datagram.route)) {
        EXPECT_EQ(between->to, kTo);
      } else if (const auto* from = std::get_if<HandoverBatch::FromClient>(&datagram.route)) {
        EXPECT_EQ(from->client, kClient);
      } else {
        EXPECT_EQ(std::get<HandoverBatch::ToClient>(datagram.route).client, kClient);
      }
    }
  });
  EXPECT_EQ(order, (std::vector<uint32_t>{2, 2, 1}));
  EXPECT_EQ(routes, (std::vector<size_t>{0, 2, 1}));
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "three", ""}));
}

TEST(Handover, AFlushEmptiesTheOutbox) {
  HandoverOutbox outbox(2);
  outbox.add(1, kRoute, as_bytes("x"));
  outbox.flush([](uint32_t, std::unique_ptr<HandoverBatch>) {});
  outbox.flush([](uint32_t, std::unique_ptr<HandoverBatch>) { FAIL() << "nothing was added"; });
}

TEST(Handover, WhatTheReceiverHasNotTakenIsBounded) {
  HandoverOutbox outbox(2);
  const std::vector<std::byte> payload(60'000);
  size_t taken = 0;
  while (outbox.add(1, kRoute, payload)) ASSERT_LE(++taken * payload.size(), kHandoverBytesMax);
  EXPECT_GT(taken * payload.size(), kHandoverBytesMax / 2);
  EXPECT_TRUE(outbox.add(0, kRoute, payload)) << "another shard's lane is its own";

  std::unique_ptr<HandoverBatch> in_flight;
  outbox.flush([&](uint32_t shard, std::unique_ptr<HandoverBatch> batch) {
    if (shard == 1) in_flight = std::move(batch);
  });
  EXPECT_FALSE(outbox.add(1, kRoute, payload));
  in_flight.reset();
  EXPECT_TRUE(outbox.add(1, kRoute, payload));
}

}  // namespace
}  // namespace noom::turn
