#include "common/io/stream_front.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>

namespace noom::io {

namespace {

using boost::system::error_code;

// Values are the reader's reasons plus one: zero would be no error.
class PreambleCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "preamble"; }
  std::string message(int value) const override { return "preamble refused, reason " + std::to_string(value - 1); }
};

const boost::system::error_category& preamble_category() {
  static const PreambleCategory category;
  return category;
}

StreamFront::Result nothing_read(ssize_t got) {
  if (got == 0) return {.error = boost::asio::error::eof};
  if (errno == EAGAIN || errno == EINTR) return {.again = true};
  return {.error = error_code(errno, boost::system::system_category())};
}

}  // namespace

std::optional<uint8_t> refusal_of(const error_code& error) {
  if (error.category() != preamble_category()) return std::nullopt;
  return static_cast<uint8_t>(error.value() - 1);
}

StreamFront::Result StreamFront::read(int fd) {
  if (reader_ != nullptr) {
    if (Result result = read_preamble(fd); result.again || result.error) return result;
  }
  Result result = look_ ? look(fd) : Result();
  result.endpoints = endpoints_;
  return result;
}

// Looks at what is there, and takes what the reader says is the preamble's: all of it while that is incomplete, so that
// waiting for more waits.
StreamFront::Result StreamFront::read_preamble(int fd) {
  std::array<std::byte, kPreambleSizeMax> room;
  const ssize_t got = ::recv(fd, room.data(), kPreambleSizeMax - seen_.size(), MSG_PEEK);
  if (got <= 0) return nothing_read(got);
  const size_t before = seen_.size();
  seen_.insert(seen_.end(), room.begin(), room.begin() + got);
  const Preamble preamble = reader_(seen_);
  if (preamble.kind == Preamble::Kind::kRefused)
    return {.error = error_code(preamble.refusal + 1, preamble_category())};
  const bool whole = preamble.kind == Preamble::Kind::kWhole;
  const size_t taken = whole ? preamble.size - before : static_cast<size_t>(got);
  if (::recv(fd, room.data(), taken, 0) != static_cast<ssize_t>(taken)) return {.error = boost::asio::error::eof};
  if (!whole) return {.again = true};
  endpoints_ = preamble.endpoints;
  reader_ = nullptr;
  seen_ = {};
  return {};
}

StreamFront::Result StreamFront::look(int fd) const {
  std::byte first;
  const ssize_t got = ::recv(fd, &first, 1, MSG_PEEK);
  if (got <= 0) return nothing_read(got);
  return {.plain = first != kTlsHandshakeByte};
}

}  // namespace noom::io
