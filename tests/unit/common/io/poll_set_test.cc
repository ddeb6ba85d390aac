#include "common/io/poll_set.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>

#include "tests/unit/common/io/loop.h"

namespace noom::io {
namespace {

// Datagram socket pairs filled in advance; reads count by key.
class Fixture : public PollHandler {
 public:
  size_t on_readable(uint64_t key, size_t budget) override {
    size_t taken = 0;
    char byte;
    while (taken<budget&& ::recv(ends_[key].first.get(), &byte, 1, MSG_DONTWAIT)> 0) ++taken;
    taken_[key] += taken;
    room_ -= taken;
    order_.push_back(key);
    return taken;
  }
  size_t room() const override { return room_; }
  void on_turn_end() override {
    ++turns_;
    if (turns_ == 1) first_turn_ = taken_;
    room_ = room_per_turn_;
  }

  void open(PollSet& set, uint64_t key, PollClass poll_class) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    ends_[key] = {Fd(pair[0]), Fd(pair[1])};
    ASSERT_TRUE(set.add(pair[0], key, poll_class));
  }
  // As many as the pair's queue takes (net.unix.max_dgram_qlen), at most `count`; returns how many.
  size_t fill(uint64_t key, size_t count) {
    size_t done = 0;
    while (done < count && ::send(ends_[key].second.get(), "x", 1, MSG_DONTWAIT) == 1) ++done;
    return done;
  }
  int fd(uint64_t key) { return ends_[key].first.get(); }

  std::map<uint64_t, std::pair<Fd, Fd>> ends_;
  std::map<uint64_t, size_t> taken_;
  std::map<uint64_t, size_t> first_turn_;
  std::vector<uint64_t> order_;
  size_t room_per_turn_ = 1000;
  size_t room_ = 1000;
  int turns_ = 0;
};

TEST(PollSet, DeliversEveryReadableSocketAndEndsTheTurnOnce) {
  boost::asio::io_context context;
  Fixture fixture;
  PollSet set(context, fixture);
  for (uint64_t key = 1; key <= 3; ++key) {
    fixture.open(set, key, PollClass::kPrivate);
    fixture.fill(key, 2);
  }
  ASSERT_TRUE(run_until(context, [&] { return fixture.turns_ > 0; }));
  EXPECT_EQ(fixture.taken_, (std::map<uint64_t, size_t>{{1, 2}, {2, 2}, {3, 2}}));
  EXPECT_EQ(fixture.turns_, 1);
}

TEST(PollSet, ABusySharedSocketGetsAsMuchAsAllPrivateSocketsTogether) {
  boost::asio::io_context context;
  Fixture fixture;
  PollSet set(context, fixture);
  fixture.room_ = fixture.room_per_turn_ = 64;
  constexpr uint64_t kShared = 100;
  fixture.open(set, kShared, PollClass::kShared);
  for (uint64_t key = 0; key < 40; ++key) fixture.open(set, key, PollClass::kPrivate);
  // Each read of a private socket finds a full queue again: refill whenever a turn has ended.
  size_t shared = 0;
  size_t single = 0;
  for (int round = 0; round < 20; ++round) {
    for (uint64_t key = 0; key < 40; ++key) fixture.fill(key, 1000);
    fixture.fill(kShared, 1000);
    const int before = fixture.turns_;
    ASSERT_TRUE(run_until(context, [&] { return fixture.turns_ > before; }));
  }
  for (const auto& [key, count] : fixture.taken_) (key == kShared ? shared : single) += count;
  EXPECT_GE(shared * 10, (shared + single) * 4) << shared << " shared against " << single << " private";
}

TEST(PollSet, SocketsThatAFullBufferLeftUnservedComeFirstInTheNextTurn) {
  boost::asio::io_context context;
  Fixture fixture;
  PollSet set(context, fixture);
  fixture.room_ = fixture.room_per_turn_ = 4;
  for (uint64_t key = 0; key < 20; ++key) {
    fixture.open(set, key, PollClass::kPrivate);
    fixture.fill(key, 1);
  }
  ASSERT_TRUE(run_until(context, [&] { return fixture.taken_.size() == 20; }));
  EXPECT_GE(fixture.turns_, 5);
  for (const auto& [key, count] : fixture.taken_) EXPECT_EQ(count, 1U) << key;
}

TEST(PollSet, ARemovedSocketIsNoLongerRead) {
  boost::asio::io_context context;
  Fixture fixture;
  PollSet set(context, fixture);
  fixture.open(set, 1, PollClass::kShared);
  fixture.open(set, 2, PollClass::kPrivate);
  fixture.fill(1, 1);
  fixture.fill(2, 1);
  set.remove(fixture.fd(1), 1);
  ASSERT_TRUE(run_until(context, [&] { return fixture.turns_ > 0; }));
  EXPECT_EQ(fixture.taken_.count(1), 0U);
  EXPECT_EQ(fixture.taken_[2], 1U);
}

TEST(PollSet, EndTurnSoonComesOnceForManyCalls) {
  boost::asio::io_context context;
  Fixture fixture;
  PollSet set(context, fixture);
  for (int i = 0; i < 10; ++i) set.end_turn_soon();
  context.poll();
  EXPECT_EQ(fixture.turns_, 1);
}

TEST(PollSet, MayBeDestroyedWithWorkPending) {
  boost::asio::io_context context;
  Fixture fixture;
  {
    PollSet set(context, fixture);
    fixture.open(set, 1, PollClass::kPrivate);
    fixture.fill(1, 1);
    set.end_turn_soon();
  }
  context.run();
  EXPECT_EQ(fixture.turns_, 0);
}

}  // namespace
}  // namespace noom::io
