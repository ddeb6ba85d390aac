#include "signal/core/room_password.h"

#include <array>

#include "common/base/secret.h"
#include "common/wire/digest.h"

namespace noom::signal {
namespace {

wire::Sha256Digest hashed(std::string_view key, std::string_view password) {
  return wire::hmac_sha256(as_bytes(key), {as_bytes(password)});
}

}  // namespace

RoomPassword RoomPassword::make(Random& random, std::string_view password) {
  std::array<std::byte, 16> key{};
  random.fill(key);
  RoomPassword made{.key = std::string(as_text(key)), .hash = {}};
  made.hash = as_text(hashed(made.key, password));
  return made;
}

bool RoomPassword::matches(std::string_view password) const {
  return equal_constant_time(hashed(key, password), as_bytes(hash));
}

}  // namespace noom::signal
