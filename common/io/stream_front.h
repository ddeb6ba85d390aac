// What a connection begins with before it is known what it is: a preamble, then a first byte that tells TLS from plain.
// Takes no byte of what follows.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/preamble.h"

namespace noom::io {

// RFC 8446 §5.1: a connection that begins with a handshake record is TLS. No STUN message and no ChannelData do (RFC
// 7983 §7).
constexpr auto kTlsHandshakeByte = std::byte{0x16};

// The reader's reason, where that is why the beginning failed: it refused the preamble.
std::optional<uint8_t> refusal_of(const boost::system::error_code& error);

class StreamFront {
 public:
  struct Result {
    bool again = false;  // once there is more to read
    boost::system::error_code error = {};
    std::optional<Preamble::Endpoints> endpoints = {};
    bool plain = false;  // looked, and it is not TLS
  };

  // `reader` may be null; `look`: whether the first byte behind the preamble decides.
  StreamFront(PreambleReader reader, bool look) : reader_(reader), look_(look) {}

  // Takes from the non-blocking socket what has come. After an error or a result it must not be called again.
  Result read(int fd);

 private:
  Result read_preamble(int fd);
  Result look(int fd) const;

  PreambleReader reader_;  // null once it has read
  const bool look_;
  std::vector<std::byte> seen_;  // of the preamble
  std::optional<Preamble::Endpoints> endpoints_;
};

}  // namespace noom::io
