#include "turn/revocation_orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ops/line_log.h"
#include "turn/bus_node.h"

namespace noom::turn {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Now kNow{Mono(seconds(50)), Wall(seconds(1'800'000'000))};

TEST(RevocationOrder, NamesWhomItConcernsAndUpToWhichExpiry) {
  const auto order = parse_revocation(R"({"username":"room.peer","until":1800003600,"by":"admin"})", kNow.wall);
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->name, "room.peer");
  EXPECT_EQ(order->until, kNow.wall + hours(1));
  EXPECT_EQ(parse_revocation(R"({"username":"room."})", kNow.wall)->until, kNow.wall + hours(24));
}

TEST(RevocationOrder, WhatIsNoneIsRefusedWithAReason) {
  const std::vector<std::pair<std::string, std::string>> orders = {
      {"", "no JSON object"},
      {"garbage", "no JSON object"},
      {R"(["room.peer"])", "no JSON object"},
      {R"({"username":"room.peer"} x)", "no JSON object"},
      {"{}", "missing"},
      {R"({"username":7})", "no string"},
      {R"({"username":""})", "empty"},
      {R"({"username":"."})", "dot alone"},
      {R"({"username":")" + std::string(509, 'x') + "\"}", "too long"},
      {R"({"username":"a","until":"soon"})", "no time"},
      {R"({"username":"a","until":1.5})", "no time"},
      {R"({"username":"a","until":-1})", "30 days"},
      {R"({"username":"a","until":1802592001})", "30 days"},
      {R"({"username":"a","until":99999999999999999999})", "no time"},
      {std::string(100, '['), "no JSON object"},
      {std::string(kOrderBytesMax + 1, ' '), "too long"},
  };
  for (const auto& [order, reason] : orders)
    EXPECT_THAT(std::string(parse_revocation(order, kNow.wall).status().message()), HasSubstr(reason)) << order;
}

TEST(RevocationOrders, AreObeyedOrCounted) {
  ops::LineLog log("noom-turn", ops::LogFormat::kText, LogLevel::kError, STDERR_FILENO);
  std::vector<std::string> revoked;
  RevocationOrders orders(
      "bus", [&](Revocation revocation) { revoked.push_back(revocation.name); }, log);
  EXPECT_TRUE(orders.obey(kNow, R"({"username":"room.peer"})").ok());
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(orders.obey(kNow, R"({"username":)").ok());
  EXPECT_THAT(revoked, ElementsAre("room.peer"));
  EXPECT_EQ(orders.counts()[OrderResult::kObeyed].value(), 1u);
  EXPECT_EQ(orders.counts()[OrderResult::kMalformed].value(), 20u);
  ops::MetricPage page;
  collect_orders(page, orders.counts(), {});
  EXPECT_THAT(page.text(), HasSubstr("noom_turn_revocation_orders_total{source=\"bus\",result=\"malformed\"} 20"));
  EXPECT_THAT(page.text(), HasSubstr("noom_turn_revocation_orders_total{source=\"http\",result=\"obeyed\"} 0"));
}

TEST(Load, IsTheLargestShareInUse) {
  NodeFigures before{.allocations = 0, .ports_free = 100, .ports = 100, .bytes_relayed = 1000};
  NodeFigures now = before;
  EXPECT_EQ(load_of(before, now, seconds(1), {}, 0, 1), 0.0);
  now.ports_free = 75;
  EXPECT_DOUBLE_EQ(load_of(before, now, seconds(1), {}, 0, 1), 0.25);
  EXPECT_DOUBLE_EQ(load_of(before, now, seconds(1), seconds(1), 0, 2), 0.5);
  now.bytes_relayed = 1000 + 200;
  EXPECT_DOUBLE_EQ(load_of(before, now, seconds(2), {}, 1000, 1), 0.8);
  EXPECT_DOUBLE_EQ(load_of(before, now, seconds(2), {}, 100, 1), 1.0) << "no more than all";
  EXPECT_DOUBLE_EQ(load_of(before, now, seconds(0), {}, 0, 0), 0.25) << "however it is called";
}

}  // namespace
}  // namespace noom::turn
