#include "signal/core/cluster/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

// Two nodes and the frames between them, which a test may hold, drop and repeat.
class LinksTest : public testing::Test {
 protected:
  struct Side {
    Side(NodeId own, NodeId peer, uint64_t incarnation, LinkSettings settings = {})
        : name(std::move(own)), other(std::move(peer)), links({name, incarnation}, settings) {}
    NodeId name, other;
    Links links;
    std::deque<std::string> sent;  // not delivered yet
    std::vector<std::string> seen;
  };

  void take(Side& side) {
    for (BusFrame& frame : output_.frames) {
      EXPECT_EQ(frame.to, side.other);
      side.sent.push_back(std::move(frame.bytes));
    }
    for (const ClusterEvent& event : output_.events) {
      EXPECT_EQ(event.node, side.other);
      side.seen.push_back(event.kind == ClusterEvent::Kind::kReset ? "RESET" : event.payload);
    }
    output_.clear();
  }
  void send(Side& side, std::string_view payload) {
    side.links.send(now_, side.other, payload, output_);
    take(side);
  }
  void deliver(Side& to, std::string_view bytes) {
    const auto frame = parse_link_frame(bytes);
    ASSERT_TRUE(frame);
    to.links.on_frame(now_, *frame, output_);
    take(to);
  }
  bool deliver_one(Side& from, Side& to) {
    if (from.sent.empty()) return false;
    const std::string bytes = std::move(from.sent.front());
    from.sent.pop_front();
    deliver(to, bytes);
    return true;
  }
  void settle(Side& x, Side& y) {
    while (deliver_one(x, y) || deliver_one(y, x)) {
    }
  }
  void settle() { settle(a_, b_); }
  void pass(Duration time) {
    now_.mono += time;
    for (Side* side : {&a_, &b_}) {
      side->links.on_tick(now_, output_);
      take(*side);
    }
  }
  // Acknowledgements included, nothing waits any more.
  void connect() {
    send(a_, "first");
    settle();
    pass(milliseconds(10));
    settle();
    EXPECT_THAT(b_.seen, ElementsAre("first"));
    b_.seen.clear();
    EXPECT_FALSE(a_.links.next_deadline());
    EXPECT_FALSE(b_.links.next_deadline());
  }

  static LinkSettings small() {
    LinkSettings settings;
    settings.ring_bytes_max = 1000;
    settings.window_bytes = 500;
    settings.piece_bytes_max = 100;
    settings.message_bytes_max = 600;
    return settings;
  }

  Now now_{Mono(seconds(100)), Wall(seconds(1'800'000'000))};
  ClusterOutput output_;
  Side a_{"a", "b", 10}, b_{"b", "a", 20};
};

TEST_F(LinksTest, MessagesArriveInOrderBothWays) {
  send(a_, "1");
  send(a_, "2");
  send(b_, "x");
  settle();
  send(a_, "3");
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("1", "2", "3"));
  EXPECT_THAT(a_.seen, ElementsAre("x"));
}

TEST_F(LinksTest, AnEmptyMessageIsOne) {
  send(a_, "");
  settle();
  EXPECT_THAT(b_.seen, ElementsAre(""));
}

TEST_F(LinksTest, AnAnswerTakesTheAcknowledgementAlong) {
  connect();
  send(a_, "question");
  deliver_one(a_, b_);
  send(b_, "answer");
  EXPECT_EQ(b_.sent.size(), 1u);
  deliver_one(b_, a_);
  EXPECT_EQ(a_.links.waiting_bytes("b"), 0u);
  EXPECT_EQ(b_.links.waiting_bytes("a"), kLinkPieceBytes + 6);
  pass(milliseconds(10));
  settle();
  EXPECT_EQ(b_.links.waiting_bytes("a"), 0u);
}

TEST_F(LinksTest, ALostFrameIsAskedForWhenTheNextOneComes) {
  connect();
  send(a_, "1");
  a_.sent.clear();
  send(a_, "2");
  send(a_, "3");
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("1", "2", "3"));
  EXPECT_EQ(b_.links.stats().frames_too_soon.value(), 2u);
  EXPECT_EQ(a_.links.stats().frames_sent_again.value(), 3u);
}

TEST_F(LinksTest, TheLastFrameLostIsSentAgainAfterAWhileAndEverLater) {
  connect();
  send(a_, "1");
  a_.sent.clear();
  pass(milliseconds(249));
  EXPECT_THAT(a_.sent, IsEmpty());
  pass(milliseconds(1));
  ASSERT_EQ(a_.sent.size(), 1u);
  a_.sent.clear();
  pass(milliseconds(499));
  EXPECT_THAT(a_.sent, IsEmpty());
  pass(milliseconds(1));
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("1"));
}

TEST_F(LinksTest, ALostAcknowledgementDoublesNothing) {
  connect();
  send(a_, "1");
  settle();
  pass(milliseconds(10));
  b_.sent.clear();
  pass(milliseconds(250));
  settle();
  pass(milliseconds(10));
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("1"));
  EXPECT_EQ(b_.links.stats().frames_doubled.value(), 1u);
  EXPECT_EQ(a_.links.waiting_bytes("b"), 0u);
}

TEST_F(LinksTest, ALostHelloIsSaidAgain) {
  send(a_, "1");
  a_.sent.clear();
  pass(milliseconds(250));
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("1"));
}

TEST_F(LinksTest, ALongMessageGoesInPiecesAndArrivesWhole) {
  std::string message;
  for (int i = 0; i < 300'000; ++i) message += static_cast<char>('a' + i % 26);
  send(a_, message);
  settle();
  EXPECT_THAT(b_.seen, ElementsAre(message));
}

TEST_F(LinksTest, TheWindowHoldsBackWhatTheRingMayKeep) {
  Side a("a", "b", 10, small());
  send(a, std::string(100, '1'));
  settle(a, b_);
  for (const char c : {'2', '3', '4', '5'}) send(a, std::string(100, c));
  EXPECT_LT(a.sent.size(), 4u);
  for (int i = 0; i < 4; ++i) {
    settle(a, b_);
    pass(milliseconds(10));
    settle(a, b_);
  }
  EXPECT_EQ(b_.seen.size(), 5u);
}

TEST_F(LinksTest, BeyondTheRingBothSidesAreReset) {
  Side a("a", "b", 10, small());
  send(a, "1");
  settle(a, b_);
  for (const char c : {'2', '3', '4', '5', '6', '7'}) {
    send(a, std::string(100, c));
    a.sent.clear();
  }
  EXPECT_THAT(a.seen, ElementsAre("RESET"));
  EXPECT_EQ(a.links.waiting_bytes("b"), 0u + kLinkPieceBytes + 100) << "the last one belongs to the new life";
  now_.mono += milliseconds(250);
  a.links.on_tick(now_, output_);
  take(a);
  settle(a, b_);
  EXPECT_THAT(b_.seen, ElementsAre("1", "RESET", std::string(100, '7')));
  EXPECT_THAT(a.seen, ElementsAre("RESET"));
}

TEST_F(LinksTest, AMessageTooLongResets) {
  Side a("a", "b", 10, small());
  send(a, "1");
  settle(a, b_);
  send(a, std::string(601, 'x'));
  settle(a, b_);
  send(a, "2");
  settle(a, b_);
  EXPECT_THAT(a.seen, ElementsAre("RESET"));
  EXPECT_THAT(b_.seen, ElementsAre("1", "RESET", "2"));
}

TEST_F(LinksTest, ANewIncarnationResetsAndHearsOnlyWhatIsSentAfterwards) {
  connect();
  send(a_, "lost");
  a_.sent.clear();
  Side again("b", "a", 21);
  send(again, "hello");
  settle(a_, again);
  EXPECT_THAT(a_.seen, ElementsAre("RESET", "hello"));
  send(a_, "after");
  settle(a_, again);
  EXPECT_THAT(again.seen, ElementsAre("after"));
}

TEST_F(LinksTest, ANewIncarnationThatIsSpokenToAnswersForItself) {
  connect();
  Side again("b", "a", 21);
  send(a_, "for the former one");
  settle(a_, again);
  EXPECT_THAT(a_.seen, ElementsAre("RESET"));
  EXPECT_THAT(again.seen, IsEmpty());
  send(a_, "for this one");
  settle(a_, again);
  EXPECT_THAT(again.seen, ElementsAre("for this one"));
}

TEST_F(LinksTest, FramesOfAFormerIncarnationAreNothing) {
  send(a_, "1");
  const std::string old_hello = a_.sent.front();
  settle();
  Side again("a", "b", 11);
  send(again, "2");
  settle(again, b_);
  EXPECT_THAT(b_.seen, ElementsAre("1", "RESET", "2"));
  deliver(b_, old_hello);
  EXPECT_THAT(b_.sent, IsEmpty());
  EXPECT_THAT(b_.seen, ElementsAre("1", "RESET", "2"));
}

TEST_F(LinksTest, FramesForAYoungerProcessOfThisNameAreLeftToIt) {
  const std::string hello = encode(LinkFrame{.node = "b", .from = {20, 1}, .to = {11, 1}});
  deliver(a_, hello);
  EXPECT_THAT(a_.sent, IsEmpty());
  EXPECT_EQ(a_.links.stats().frames_stale.value(), 1u);
}

TEST_F(LinksTest, AfterLongSilenceItGivesUpAndSaysSoOnce) {
  connect();
  send(a_, "1");
  a_.sent.clear();
  for (int i = 0; i < 100; ++i) {
    pass(milliseconds(500));
    a_.sent.clear();
  }
  EXPECT_THAT(a_.seen, ElementsAre("RESET"));
  EXPECT_FALSE(a_.links.next_deadline());
  send(b_, "are you there");
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("RESET"));
  send(b_, "again");
  settle();
  EXPECT_THAT(a_.seen, ElementsAre("RESET", "again"));
}

TEST_F(LinksTest, TheBusComingBackIsNotWaitedOut) {
  connect();
  send(a_, "1");
  a_.sent.clear();
  pass(seconds(5));
  a_.sent.clear();
  a_.links.nudge(now_);
  pass(Duration::zero());
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("1"));
}

TEST_F(LinksTest, EndingALinkTellsOfItOnce) {
  connect();
  a_.links.end("b", output_);
  take(a_);
  a_.links.end("b", output_);
  take(a_);
  EXPECT_THAT(a_.seen, ElementsAre("RESET"));
  send(b_, "1");
  settle();
  EXPECT_THAT(b_.seen, ElementsAre("RESET"));
  send(b_, "2");
  send(a_, "3");
  settle();
  EXPECT_THAT(a_.seen, ElementsAre("RESET", "2"));
  EXPECT_THAT(b_.seen, ElementsAre("RESET", "3"));
}

TEST_F(LinksTest, AnAcknowledgementOfWhatWasNeverSentResets) {
  connect();
  deliver(b_,
          encode(LinkFrame{.kind = LinkFrame::Kind::kAck, .node = "a", .from = {10, 1}, .to = {20, 1}, .ack = 1000}));
  EXPECT_THAT(b_.seen, ElementsAre("RESET"));
  settle();
  EXPECT_THAT(a_.seen, ElementsAre("RESET"));
}

TEST_F(LinksTest, ThereAreNoMoreLinksThanAllowed) {
  LinkSettings settings;
  settings.links_max = 1;
  Side a("a", "b", 10, settings);
  send(a, "1");
  a.other = "c";
  send(a, "2");
  EXPECT_THAT(a.seen, ElementsAre("RESET"));
  deliver(a, encode(LinkFrame{.node = "d", .from = {5, 1}}));
  EXPECT_EQ(a.links.stats().frames_of_strangers.value(), 1u);
}

}  // namespace
}  // namespace noom::signal
