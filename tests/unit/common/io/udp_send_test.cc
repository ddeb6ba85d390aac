// Failing system calls, in turn: what a flush sends, retries and counts.
#include "common/io/udp_send.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <deque>

namespace noom::io {
namespace {

struct Step {
  int result;  // datagrams taken; -1 with `error`
  int error;
};
std::deque<Step> script;
std::vector<size_t> offered;

int scripted_send(int, mmsghdr*, unsigned count, int) {
  offered.push_back(count);
  if (script.empty()) return static_cast<int>(count);
  const Step step = script.front();
  script.pop_front();
  errno = step.error;
  return step.result;
}

class UdpSendTest : public testing::Test {
 protected:
  void SetUp() override {
    script.clear();
    offered.clear();
  }
  void flush(size_t count, std::deque<Step> steps) {
    script = std::move(steps);
    for (size_t i = 0; i < count; ++i) send_.queue(queue_, to_, {}, as_bytes("x"));
    send_.flush(socket_, queue_);
    send_.clear();
    EXPECT_EQ(queue_.count, 0U);
    EXPECT_EQ(stats_.sent.value() + stats_.send_drop_would_block.value() + stats_.send_drop_too_big.value() +
                  stats_.send_drop_unreachable.value(),
              count);
  }
  int mtu_discovery() const {
    int mode = -1;
    socklen_t size = sizeof(mode);
    ::getsockopt(socket_.fd(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, &size);
    return mode;
  }
  UdpPumpStats stats_;
  UdpSend send_{stats_, scripted_send};
  SendQueue queue_;
  UdpSocket socket_ = UdpSocket::open({IpAddress::v4(127, 0, 0, 1), 0}, {}).value();
  IpEndpoint to_{IpAddress::v4(127, 0, 0, 1), 9};
};

TEST_F(UdpSendTest, SendsInBatchesOf64) {
  flush(130, {});
  EXPECT_EQ(offered, (std::vector<size_t>{64, 64, 2}));
  EXPECT_EQ(stats_.sent.value(), 130U);
  EXPECT_EQ(stats_.sent_bytes.value(), 130U);
}

TEST_F(UdpSendTest, APartialSendIsContinuedAndCounted) {
  flush(10, {{3, 0}, {6, 0}});
  EXPECT_EQ(offered, (std::vector<size_t>{10, 7, 1}));
  EXPECT_EQ(stats_.sent.value(), 10U);
  EXPECT_EQ(stats_.send_partial.value(), 2U);
}

TEST_F(UdpSendTest, AFullSendBufferDropsTheRestOfTheBatch) {
  flush(10, {{4, 0}, {-1, EAGAIN}});
  EXPECT_EQ(stats_.sent.value(), 4U);
  EXPECT_EQ(stats_.send_drop_would_block.value(), 6U);
}

TEST_F(UdpSendTest, AFullDeviceQueueDropsOneDatagram) {
  flush(3, {{-1, ENOBUFS}});
  EXPECT_EQ(stats_.sent.value(), 2U);
  EXPECT_EQ(stats_.send_drop_would_block.value(), 1U);
}

TEST_F(UdpSendTest, AnInterruptedSendIsRetried) {
  flush(2, {{-1, EINTR}});
  EXPECT_EQ(stats_.sent.value(), 2U);
}

TEST_F(UdpSendTest, AnIcmpErrorOfAnEarlierDatagramCostsNothing) {
  flush(2, {{-1, ECONNREFUSED}});
  EXPECT_EQ(stats_.sent.value(), 2U);
}

TEST_F(UdpSendTest, AnUnreachablePeerDropsOnlyItsOwnDatagram) {
  flush(3, {{1, 0}, {-1, ENETUNREACH}, {-1, ENETUNREACH}});
  EXPECT_EQ(stats_.sent.value(), 2U);
  EXPECT_EQ(stats_.send_drop_unreachable.value(), 1U);
}

TEST_F(UdpSendTest, ALocalFirewallsRefusalIsUnreachableAtOnce) {
  flush(2, {{-1, EPERM}});
  EXPECT_EQ(stats_.sent.value(), 1U);
  EXPECT_EQ(stats_.send_drop_unreachable.value(), 1U);
}

TEST_F(UdpSendTest, TooBigForThePathIsSentAgainAsFragments) {
  flush(2, {{-1, EMSGSIZE}});
  EXPECT_EQ(stats_.sent.value(), 2U);
  EXPECT_EQ(mtu_discovery(), IP_PMTUDISC_WANT);
}

TEST_F(UdpSendTest, WhatMustStayWholeIsDroppedRatherThanFragmented) {
  script = {{-1, EMSGSIZE}};
  send_.queue(queue_, to_, {}, as_bytes("x"), {.whole = true});
  send_.queue(queue_, to_, {}, as_bytes("y"));
  send_.flush(socket_, queue_);
  EXPECT_EQ(stats_.send_drop_too_big.value(), 1U);
  EXPECT_EQ(stats_.sent.value(), 1U);
  EXPECT_EQ(mtu_discovery(), IP_PMTUDISC_DO);
}

TEST_F(UdpSendTest, WhatMustStayWholeEndsTheTimeOfFragments) {
  script = {{-1, EMSGSIZE}};
  send_.queue(queue_, to_, {}, as_bytes("too big"));
  send_.queue(queue_, to_, {}, as_bytes("x"));
  send_.queue(queue_, to_, {}, as_bytes("y"), {.whole = true});
  send_.queue(queue_, to_, {}, as_bytes("z"));
  send_.flush(socket_, queue_);
  EXPECT_EQ(offered, (std::vector<size_t>{4, 2, 2}));
  EXPECT_EQ(stats_.sent.value(), 4U);
  EXPECT_EQ(stats_.send_partial.value(), 0U);
  EXPECT_EQ(mtu_discovery(), IP_PMTUDISC_DO);
}

TEST(UdpSendWhole, Ipv6TellsTheKernelWithTheDatagram) {
  UdpPumpStats stats;
  UdpSend send(stats);
  SendQueue queue;
  const UdpSocket socket = UdpSocket::open({*IpAddress::parse("::1"), 0}, {}).value();
  send.queue(queue, socket.local(), {}, as_bytes("x"), {.whole = true});
  send.flush(socket, queue);
  EXPECT_EQ(stats.sent.value(), 1U);
}

TEST_F(UdpSendTest, TooBigForUdpIsDroppedAndTheNextStillSent) {
  flush(2, {{-1, EMSGSIZE}, {-1, EMSGSIZE}});
  EXPECT_EQ(stats_.sent.value(), 1U);
  EXPECT_EQ(stats_.send_drop_too_big.value(), 1U);
}

}  // namespace
}  // namespace noom::io
