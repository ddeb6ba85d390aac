#include "turn/shell/stream_client.h"

#include <algorithm>
#include <cstring>

#include "common/wire/channel_data.h"

namespace noom::turn {

namespace {

constexpr int kSmallReadsBeforeShrinking = 16;
constexpr size_t kBufferKept = 4 * 1024;  // an idle connection's write buffers keep no more

// RFC 8489 §5: the class bits of a message type, and their value in an indication.
constexpr uint16_t kClassBits = 0x0110;
constexpr uint16_t kIndicationBits = 0x0010;

// ChannelData or a Data indication: late, it is worth nothing. Responses must arrive.
bool is_media(Bytes frame) {
  return wire::classify(frame[0]) == wire::FirstByte::kChannelData ||
         (load_be<uint16_t>(frame.data()) & kClassBits) == kIndicationBits;
}

void recycle(std::vector<std::byte>& buffer) {
  buffer.clear();
  if (buffer.capacity() > kBufferKept) buffer = {};
}

}  // namespace

std::optional<StreamEnd> judge_beginning(Bytes front) {
  constexpr std::string_view kProxyLine = "PROXY";
  constexpr auto kProxySignature = std::byte{'\r'};
  constexpr auto kTlsHandshake = std::byte{0x16};
  const std::byte first = front[0];
  if (wire::classify(first) == wire::FirstByte::kStun) return std::nullopt;
  if (first == kTlsHandshake) return StreamEnd::kTlsUnexpected;
  if (first == kProxySignature || as_text(front).starts_with(kProxyLine)) return StreamEnd::kProxyUnexpected;
  // RFC 9112 §3: a request begins with a method, and all methods in use with a capital letter.
  if (first >= std::byte{'A'} && first <= std::byte{'Z'}) return StreamEnd::kHttp;
  return StreamEnd::kNotTurn;
}

MutableBytes ReadBuffer::room() {
  if (capacity_ == 0) resize(kStreamReadBytesMin);
  return {bytes_.get() + filled_, capacity_ - filled_};
}

ReadBuffer ReadBuffer::with(Bytes bytes) {
  ReadBuffer buffer;
  buffer.resize(std::clamp(bytes.size() + 1, kStreamReadBytesMin, kStreamReadBytesMax));
  buffer.filled_ = std::min(bytes.size(), buffer.capacity_);
  if (buffer.filled_ > 0) std::memcpy(buffer.bytes_.get(), bytes.data(), buffer.filled_);
  return buffer;
}

void ReadBuffer::settle(size_t last_read) {
  const size_t rest = filled_ - begin_;
  if (rest > 0 && begin_ > 0) std::memmove(bytes_.get(), bytes_.get() + begin_, rest);
  const bool was_full = filled_ == capacity_;
  begin_ = 0;
  filled_ = rest;
  small_reads_ = last_read * 4 < capacity_ ? small_reads_ + 1 : 0;
  if (was_full && capacity_ < kStreamReadBytesMax) {
    resize(std::min(capacity_ * 2, kStreamReadBytesMax));
  } else if (small_reads_ >= kSmallReadsBeforeShrinking && capacity_ > kStreamReadBytesMin &&
             rest < kStreamReadBytesMin) {
    resize(kStreamReadBytesMin);
  }
}

void ReadBuffer::resize(size_t capacity) {
  auto fresh = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (filled_ > 0) std::memcpy(fresh.get(), bytes_.get(), filled_);
  bytes_ = std::move(fresh);
  capacity_ = capacity;
  small_reads_ = 0;
}

WriteQueue::Verdict WriteQueue::add(Bytes frame) {
  const size_t after = size() + frame.size();
  if (after > kStreamQueueBytesMax) {
    if (is_media(frame)) return Verdict::kDropped;
    if (after > kStreamQueueBytesClose) return Verdict::kOverrun;
  }
  collecting_.insert(collecting_.end(), frame.begin(), frame.end());
  return Verdict::kQueued;
}

Bytes WriteQueue::begin_write() {
  if (!writing_.empty() || collecting_.empty()) return {};
  std::swap(writing_, collecting_);
  offset_ = 0;
  return writing_;
}

std::vector<std::byte> WriteQueue::unsent() const {
  std::vector<std::byte> all(writing_.begin() + static_cast<ptrdiff_t>(offset_), writing_.end());
  all.insert(all.end(), collecting_.begin(), collecting_.end());
  return all;
}

Bytes WriteQueue::written(size_t size) {
  offset_ += size;
  const Bytes rest = Bytes(writing_).subspan(offset_);
  if (rest.empty()) {
    offset_ = 0;
    recycle(writing_);
    if (collecting_.empty()) recycle(collecting_);
  }
  return rest;
}

}  // namespace noom::turn
