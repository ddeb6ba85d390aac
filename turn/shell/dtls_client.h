// One DTLS client. Which clients there are is dtls_clients.h.
#pragma once

#include <memory>

#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/io/dtls_session.h"

namespace noom::turn {

struct DtlsClient {
  std::unique_ptr<io::DtlsSession> session;
  FiveTuple five_tuple;
  Mono last_message{};          // when the session began, before there was one
  uint8_t protected_early = 0;  // records that came before their keys, which OpenSSL keeps
  bool awake = false;
  bool broken = false;  // ends at the next tick
};

}  // namespace noom::turn
