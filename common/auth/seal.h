// Tokens that a client keeps and only the server can read or make: session tickets, mobility tickets. AES-256-GCM under
// keys that change with time and are derived from one master key, so that nothing is stored and every process with the
// master key opens what another has sealed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/random.h"
#include "common/base/secret.h"
#include "common/base/time.h"

namespace noom::auth {

// What sealing adds: version (1), number of the key (4), nonce (12), tag (16).
constexpr size_t kSealOverhead = 33;

// Immutable, hence thread-safe.
class Seal {
 public:
  // `master` is at least 32 random bytes. `purpose` keeps apart what must not be taken for one another. A new key every
  // `rotation`, a whole number of seconds: a token opens for at least that long, and for at most twice as long.
  Seal(Secret master, std::string_view purpose, Duration rotation);

  // `plain` plus kSealOverhead bytes; `associated` is not in them but must be the same for open().
  std::vector<std::byte> seal(Wall now, Random& random, Bytes plain, Bytes associated = {}) const;
  // nullopt for whatever this master key did not seal for that purpose and those associated bytes, and for what is too
  // old or from a future beyond one rotation (clocks of several hosts differ).
  std::optional<std::vector<std::byte>> open(Wall now, Bytes sealed, Bytes associated = {}) const;

 private:
  uint32_t key_number(Wall now) const;
  Secret key(uint32_t number) const;

  Secret master_;
  std::string purpose_;
  int64_t rotation_s_;
};

}  // namespace noom::auth
