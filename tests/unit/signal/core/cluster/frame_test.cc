#include "signal/core/cluster/frame.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

TEST(ClusterFrame, IsReadAsItWasWritten) {
  const LinkFrame frame{.kind = LinkFrame::Kind::kData,
                        .more = true,
                        .node = "a.example",
                        .from = {7, 8},
                        .to = {9, 10},
                        .ack = 11,
                        .seq = 12,
                        .piece = "bytes"};
  const std::string bytes = encode(frame);
  const auto read = parse_link_frame(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_EQ(read->piece, "bytes");
  EXPECT_FALSE(is_beat(bytes));
}

TEST(ClusterFrame, ABeatMayGrow) {
  const Beat beat{{"a", 5}, NodeState::kDraining, {.sessions = 1, .rooms = 2, .members = 3, .cpu_permille = 4}};
  const auto read = parse_beat(encode(beat) + "what a later version adds");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->from, beat.from);
  EXPECT_EQ(read->state, beat.state);
  EXPECT_EQ(read->load, beat.load);
}

TEST(ClusterFrame, WhatIsCutShortOrUnknownIsNone) {
  const std::string data = encode(LinkFrame{.kind = LinkFrame::Kind::kData, .node = "a", .from = {1, 1}, .seq = 1});
  for (size_t size = 0; size < data.size(); ++size) EXPECT_FALSE(parse_link_frame(data.substr(0, size))) << size;
  const std::string beat = encode(Beat{{"a", 5}, NodeState::kMember, {}});
  for (size_t size = 0; size < beat.size(); ++size) EXPECT_FALSE(parse_beat(beat.substr(0, size))) << size;
  for (size_t at : {0u, 1u}) {
    std::string changed = data;
    changed[at] = 99;
    EXPECT_FALSE(parse_link_frame(changed));
    changed = beat;
    changed[at] = 99;
    EXPECT_FALSE(parse_beat(changed));
  }
  EXPECT_FALSE(parse_link_frame(encode(LinkFrame{.node = "no name", .from = {1, 1}})));
  EXPECT_FALSE(parse_link_frame(encode(LinkFrame{.node = "a"}))) << "no session";
  EXPECT_FALSE(parse_link_frame(encode(LinkFrame{.kind = LinkFrame::Kind::kData, .node = "a", .from = {1, 1}})));
}

TEST(NodeIds, AreHostNames) {
  for (const char* good : {"a", "signal-1", "signal-1.example.org", "A_b"}) EXPECT_TRUE(is_node_id(good)) << good;
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a*", ">", "ü"}) EXPECT_FALSE(is_node_id(bad)) << bad;
  EXPECT_TRUE(is_node_id(std::string(kNodeIdBytesMax, 'a')));
  EXPECT_FALSE(is_node_id(std::string(kNodeIdBytesMax + 1, 'a')));
}

TEST(NodeIds, LaterStartsAreGreater) {
  SeededRandom random(1);
  const Wall start(std::chrono::seconds(1'800'000'000));
  uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t incarnation = make_incarnation(start + std::chrono::milliseconds(i), random);
    EXPECT_GT(incarnation, last);
    last = incarnation;
  }
}

}  // namespace
}  // namespace noom::signal
