#include "signal/core/relay_status.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

TEST(RelayStatusText, AReportSaysWhereARelayIsAndHowItIs) {
  const auto status = parse_relay_status(
      R"({"node":"turn1","incarnation":1,"urls":["turn:a:3478","turns:a:5349"],"draining":true,"health":"ok",)"
      R"("allocations":12,"load":0.25,"sent_at":1700000000,"more":[]})");
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->node, "turn1");
  EXPECT_EQ(status->urls, (std::vector<std::string>{"turn:a:3478", "turns:a:5349"}));
  EXPECT_EQ(status->load, 0.25);
  EXPECT_TRUE(status->draining);
  EXPECT_TRUE(status->healthy);
  EXPECT_EQ(status->incarnation, 1u);
  EXPECT_EQ(status->connects, 0u);
}

TEST(RelayStatusText, AnOrderNamesWhoAndUntilWhen) {
  const auto order = parse_revocation_order(R"({"username":"r_1.p_1","until":1700000000})");
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->username, "r_1.p_1");
  EXPECT_EQ(order->until, Wall(std::chrono::seconds(1'700'000'000)));
  for (const char* text :
       {"", "[]", R"({"username":"a"})", R"({"username":7,"until":1})", R"({"username":"a","until":-1})",
        R"({"username":"a","until":1.5})", R"({"username":"a","until":9223372036854775807})"})
    EXPECT_FALSE(parse_revocation_order(text).has_value()) << text;
}

TEST(RelayStatusText, WhatIsNotOkIsUnhealthyAndALoadMayBeAWholeNumber) {
  for (const char* health : {"incomplete", "stopping", "something new"}) {
    const auto status = parse_relay_status(R"({"node":"a","urls":[],"draining":false,"load":0,"health":")" +
                                           std::string(health) + "\"}");
    ASSERT_TRUE(status.has_value());
    EXPECT_FALSE(status->healthy);
  }
}

TEST(RelayStatusText, AnythingElseIsNone) {
  for (const char* text :
       {"", "{", "7", "[]", "{}", R"({"node":"a"})", R"({"node":7,"urls":[],"draining":false,"load":0,"health":"ok"})",
        R"({"node":"a","urls":"turn:a","draining":false,"load":0,"health":"ok"})",
        R"({"node":"a","urls":[7],"draining":false,"load":0,"health":"ok"})",
        R"({"node":"a","urls":[],"draining":"no","load":0,"health":"ok"})",
        R"({"node":"a","urls":[],"draining":false,"load":"0","health":"ok"})"})
    EXPECT_FALSE(parse_relay_status(text).has_value()) << text;
}

}  // namespace
}  // namespace noom::signal
