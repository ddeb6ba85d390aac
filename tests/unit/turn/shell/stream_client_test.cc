#include "turn/shell/stream_client.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace noom::turn {
namespace {

std::string media(size_t size) {
  std::string frame(size, 'm');
  frame[0] = 0x40;
  return frame;
}
std::string response(size_t size) {
  std::string frame(size, 'r');
  frame[0] = 0x01;
  frame[1] = 0x01;  // Binding success
  return frame;
}
std::string indication(size_t size) {
  std::string frame(size, 'i');
  frame[0] = 0x00;
  frame[1] = 0x17;  // Data indication
  return frame;
}

TEST(WriteQueue, CollectsFramesWhileAWriteIsUnderWay) {
  WriteQueue queue;
  EXPECT_TRUE(queue.begin_write().empty());
  queue.add(as_bytes("one"));
  EXPECT_EQ(as_text(queue.begin_write()), "one");
  queue.add(as_bytes("two"));
  queue.add(as_bytes("three"));
  EXPECT_TRUE(queue.begin_write().empty()) << "one write at a time";
  EXPECT_EQ(as_text(queue.written(1)), "ne");
  EXPECT_TRUE(queue.written(2).empty());
  EXPECT_EQ(as_text(queue.begin_write()), "twothree");
  EXPECT_TRUE(queue.written(8).empty());
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, FullOfMediaItStillTakesResponses) {
  WriteQueue queue;
  while (queue.add(as_bytes(media(1200))) == WriteQueue::Verdict::kQueued) {
  }
  EXPECT_LE(queue.size(), kStreamQueueBytesMax);
  EXPECT_EQ(queue.add(as_bytes(indication(1200))), WriteQueue::Verdict::kDropped);
  EXPECT_EQ(queue.add(as_bytes(response(1200))), WriteQueue::Verdict::kQueued);
}

TEST(WriteQueue, ResponsesThatNobodyReadsOverrunIt) {
  WriteQueue queue;
  size_t count = 0;
  while (queue.add(as_bytes(response(100))) == WriteQueue::Verdict::kQueued) ++count;
  EXPECT_EQ(queue.add(as_bytes(response(100))), WriteQueue::Verdict::kOverrun);
  EXPECT_LE(queue.size(), kStreamQueueBytesClose);
  EXPECT_GE(count * 100, kStreamQueueBytesMax);
}

class ReadBufferTest : public testing::Test {
 protected:
  // One read of `size` bytes of which `kept` stay.
  void read(size_t size, size_t kept = 0) {
    const MutableBytes room = buffer_.room();
    ASSERT_GE(room.size(), size);
    std::memset(room.data(), 'x', size);
    buffer_.filled(size);
    buffer_.consume(buffer_.bytes().size() - kept);
    buffer_.settle(size);
  }
  ReadBuffer buffer_;
};

TEST_F(ReadBufferTest, StartsSmallAndGrowsWithBusyClients) {
  EXPECT_EQ(buffer_.room().size(), kStreamReadBytesMin);
  for (int i = 0; i < 20; ++i) read(buffer_.room().size());
  EXPECT_EQ(buffer_.capacity(), kStreamReadBytesMax);
}

TEST_F(ReadBufferTest, ShrinksOnceItsClientIsQuiet) {
  for (int i = 0; i < 20; ++i) read(buffer_.room().size());
  for (int i = 0; i < 40; ++i) read(10);
  EXPECT_EQ(buffer_.capacity(), kStreamReadBytesMin);
}

TEST_F(ReadBufferTest, KeepsAnUnfinishedFrameThroughGrowth) {
  const MutableBytes room = buffer_.room();
  for (size_t i = 0; i < room.size(); ++i) room[i] = static_cast<std::byte>(i);
  const size_t size = room.size();
  buffer_.filled(size);
  buffer_.consume(100);
  buffer_.settle(size);
  ASSERT_EQ(buffer_.bytes().size(), size - 100);
  for (size_t i = 0; i < size - 100; ++i) ASSERT_EQ(buffer_.bytes()[i], static_cast<std::byte>(i + 100));
}

TEST_F(ReadBufferTest, AlwaysHasRoomForTheRestOfAFrame) {
  size_t kept = 0;
  while (kept < wire::kFrameSizeMax) {
    const size_t size = buffer_.room().size();
    ASSERT_GT(size, 0U);
    kept += size;
    read(size, kept);
  }
}

}  // namespace
}  // namespace noom::turn
