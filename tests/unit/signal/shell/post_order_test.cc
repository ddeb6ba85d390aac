// POSTs in any order become messages in one.
#include "signal/shell/post_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace noom::signal {
namespace {

class PostOrderTest : public testing::Test {
 protected:
  PostOutcome post(uint64_t number, std::string body) {
    return order_.post(number, std::move(body), 100, [this](const std::string& taken) { taken_ += taken; });
  }
  PostOrder order_;
  std::string taken_;
};

TEST_F(PostOrderTest, EveryOrderOfArrivalIsTheSameOrderOfTaking) {
  std::vector<uint64_t> numbers(6);
  std::iota(numbers.begin(), numbers.end(), 1);
  do {
    PostOrder order;
    std::string taken;
    for (const uint64_t number : numbers)
      order.post(number, std::to_string(number), 100, [&](const std::string& body) { taken += body; });
    ASSERT_EQ(taken, "123456");
    ASSERT_EQ(order.held_bytes(), 0u);
  } while (std::next_permutation(numbers.begin(), numbers.end()));
}

TEST_F(PostOrderTest, WhatComesAgainIsNotTakenAgain) {
  EXPECT_EQ(post(1, "a"), PostOutcome::kTaken);
  EXPECT_EQ(post(1, "a"), PostOutcome::kDoubled);
  EXPECT_EQ(post(3, "c"), PostOutcome::kHeld);
  EXPECT_EQ(post(3, "x"), PostOutcome::kDoubled);
  EXPECT_EQ(post(2, "b"), PostOutcome::kTaken);
  EXPECT_EQ(post(3, "c"), PostOutcome::kDoubled);
  EXPECT_EQ(taken_, "abc");
}

TEST_F(PostOrderTest, HoldsSoManyAndSoMuchAndNoMore) {
  for (uint64_t number = 2; number < 2 + kPostsHeldMax; ++number) EXPECT_EQ(post(number, "x"), PostOutcome::kHeld);
  EXPECT_EQ(post(100, "x"), PostOutcome::kTooEarly);
  EXPECT_EQ(order_.held_bytes(), kPostsHeldMax);
  PostOrder other;
  EXPECT_EQ(other.post(2, std::string(100, 'x'), 100, {}), PostOutcome::kHeld);
  EXPECT_EQ(other.post(3, "x", 100, {}), PostOutcome::kTooEarly);
}

TEST_F(PostOrderTest, WhatWasRefusedCanComeAgain) {
  EXPECT_EQ(post(2, std::string(101, 'x')), PostOutcome::kTooEarly);
  EXPECT_EQ(post(1, "a"), PostOutcome::kTaken);
  EXPECT_EQ(post(2, std::string(101, 'x')), PostOutcome::kTaken);
  EXPECT_EQ(taken_.size(), 102u);
}

}  // namespace
}  // namespace noom::signal
