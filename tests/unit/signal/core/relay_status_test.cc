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
