// What of a session's datagrams OpenSSL need not see, or must not: it would keep records of a later epoch, and room for
// a handshake message as long as its header says.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"
#include "turn/shell/dtls_stats.h"

namespace noom::turn {

// The reason to drop a datagram that begins with a whole record; nullopt to pass it on. `protected_early` counts, for
// one session, the protected records that came before the handshake was done.
std::optional<DtlsDrop> reject_datagram(Bytes datagram, bool established, uint8_t& protected_early);

}  // namespace noom::turn
