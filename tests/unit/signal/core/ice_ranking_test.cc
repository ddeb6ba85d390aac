#include "signal/core/ice_ranking.h"

#include <gtest/gtest.h>

#include <map>

namespace noom::signal {
namespace {

using std::chrono::seconds;

class IceRankingTest : public testing::Test {
 protected:
  std::optional<RelayNode> say(const std::string& node, double load = 0, bool draining = false, bool healthy = true) {
    return ranking_.update(
        now_, {.node = node, .urls = {"turn:" + node}, .load = load, .draining = draining, .healthy = healthy});
  }
  std::vector<std::string> pick(std::string_view session = "s", const std::vector<RelayNode>& current = {}) {
    std::vector<std::string> names;
    for (const auto& picked : ranking_.pick(session, current)) names.push_back(picked.urls->front().substr(5));
    return names;
  }
  RelayNode id_of(const std::string& name) {
    for (int i = 0; i < 1000; ++i) {
      for (const auto& picked : ranking_.pick("s" + std::to_string(i), {}))
        if (picked.urls->front() == "turn:" + name) return picked.node;
    }
    return 0;
  }

  IceRanking ranking_;
  Mono now_ = Mono{} + std::chrono::hours(1);
};

using Names = std::vector<std::string>;

TEST_F(IceRankingTest, NobodyHasSpokenNobodyIsPicked) {
  EXPECT_TRUE(pick().empty());
  EXPECT_FALSE(ranking_.has_usable());
  EXPECT_FALSE(ranking_.next_deadline().has_value());
}

TEST_F(IceRankingTest, LittleLoadComesBeforeMuch) {
  say("full", 0.95);
  say("idle", 0.1);
  say("busy", 0.6);
  EXPECT_EQ(pick(), (Names{"idle", "busy"}));
}

TEST_F(IceRankingTest, EqualNodesShareTheSessionsEvenlyAndEachSessionHasAnOrderOfItsOwn) {
  for (const char* node : {"a", "b", "c", "d"}) say(node, 0.2);
  std::map<std::string, int> first;
  for (int i = 0; i < 4000; ++i) ++first[pick("session " + std::to_string(i)).front()];
  for (const char* node : {"a", "b", "c", "d"}) EXPECT_NEAR(first[node], 1000, 150) << node;
  EXPECT_EQ(pick("one"), pick("one"));
}

TEST_F(IceRankingTest, LoadAroundABoundDoesNotChangeTheOrder) {
  say("other", 0.55);
  say("swings", 0.52);
  const Names before = pick();
  for (const double load : {0.48, 0.51, 0.45, 0.5}) {
    say("swings", load);
    EXPECT_EQ(pick(), before) << load;
  }
  say("swings", 0.3);
  EXPECT_EQ(pick().front(), "swings");
}

TEST_F(IceRankingTest, WhatASessionHasIsKeptUnlessSomethingIsClearlyBetter) {
  for (const char* node : {"a", "b", "c"}) say(node, 0.2);
  const RelayNode a = id_of("a");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pick("session " + std::to_string(i), {a}).front(), "a");
  say("a", 0.8);
  EXPECT_NE(pick("s", {a}).front(), "a");
}

TEST_F(IceRankingTest, DrainingAndUnhealthyNodesAreOutAndThatIsToldOnce) {
  say("a");
  say("b");
  const RelayNode a = id_of("a"), b = id_of("b");
  EXPECT_EQ(say("a", 0, true), a);
  EXPECT_EQ(say("a", 0, true), std::nullopt);
  EXPECT_EQ(pick(), Names{"b"});
  EXPECT_EQ(say("b", 0, false, false), b);
  EXPECT_FALSE(ranking_.has_usable());
  say("a");
  EXPECT_EQ(pick(), Names{"a"});
}

TEST_F(IceRankingTest, ANodeThatFallsSilentIsOutUntilItSpeaksAgain) {
  say("a");
  const RelayNode a = id_of("a");
  now_ += seconds(3);
  say("b");
  EXPECT_EQ(ranking_.next_deadline(), now_ + seconds(2));
  now_ += seconds(2);
  EXPECT_EQ(ranking_.expire(now_), std::vector<RelayNode>{a});
  EXPECT_TRUE(ranking_.expire(now_).empty());
  EXPECT_EQ(pick(), Names{"b"});
  say("a");
  EXPECT_EQ(pick().size(), 2u);
}

TEST_F(IceRankingTest, WithoutUsableNodesTheSilentComeBeforeTheDrainingBeforeTheUnhealthy) {
  say("silent");
  now_ += IceRanking::kStaleAfter;
  ranking_.expire(now_);
  say("sick", 0, false, false);
  say("draining", 0, true);
  EXPECT_EQ(pick(), (Names{"silent", "draining"}));
}

TEST_F(IceRankingTest, ALongSilentNodeIsForgotten) {
  say("a");
  now_ += IceRanking::kForgottenAfter;
  ranking_.expire(now_);
  EXPECT_TRUE(pick().empty());
  EXPECT_FALSE(ranking_.next_deadline().has_value());
}

TEST_F(IceRankingTest, OnlySoManyNodesAreKnown) {
  for (size_t i = 0; i < IceRanking::kNodesMax; ++i) say("node" + std::to_string(i), 0.6);
  say("one too many", 0);
  EXPECT_EQ(id_of("one too many"), 0u);
  say("node0", 0);
  EXPECT_EQ(pick().front(), "node0") << "those that are known go on speaking";
}

TEST_F(IceRankingTest, StatusesOutOfTheirBoundsArePassedOver) {
  const std::string long_text(300, 'x');
  const RelayStatus bad[] = {
      {.node = "", .urls = {"turn:a"}},
      {.node = long_text, .urls = {"turn:a"}},
      {.node = "a", .urls = {}},
      {.node = "a", .urls = std::vector<std::string>(IceRanking::kUrlsMax + 1, "turn:a")},
      {.node = "a", .urls = {"http://a"}},
      {.node = "a", .urls = {"stun:a"}},
      {.node = "a", .urls = {"turn:" + long_text}},
      {.node = "a", .urls = {"turn:a\n"}},
      {.node = "a", .urls = {"turn:a"}, .load = -1},
      {.node = "a", .urls = {"turn:a"}, .load = std::numeric_limits<double>::quiet_NaN()},
  };
  for (const RelayStatus& status : bad) ranking_.update(now_, status);
  EXPECT_TRUE(pick().empty());
}

}  // namespace
}  // namespace noom::signal
