// A request being served, and what is needed to answer it: now, or once its relay is open.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/time.h"
#include "common/wire/message.h"
#include "turn/core/allocation.h"
#include "turn/core/output.h"

namespace noom::turn {

// Whom an answer goes to and how it is proved. Borrows the client, the key and the name.
struct Requester {
  const FiveTuple& client;
  wire::Method method;
  wire::TransactionId transaction_id;
  bool fingerprint = false;                // the request had one: the answer gets one (RFC 8489 §7.3)
  Integrity integrity = Integrity::kNone;  // kNone: nothing is proved
  Bytes key = {};
  std::string_view username = {};  // as claimed

  bool authenticated() const { return integrity != Integrity::kNone; }
};

// Lives while one message is handled.
struct Request {
  Now now;
  const wire::MessageView& message;
  Output& output;
  Requester from;
  // Filled in by authentication.
  Key key = {};
  Wall credentials_expire = Wall::max();
};

// What a refusal says beyond its reason.
struct RefusalDetail {
  std::optional<IpEndpoint> peer = {};
  std::string_view rule = {};
  std::span<const uint16_t> unknown_attributes = {};
};

}  // namespace noom::turn
