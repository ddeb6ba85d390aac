// A request being served, and what is needed to answer it: now, or once its relay is open.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/auth/mobility_ticket.h"
#include "common/base/time.h"
#include "common/wire/message.h"
#include "common/wire/password_algorithm.h"
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
  uint32_t shard = kThisShard;     // by whose sockets the request came and the answer goes

  bool authenticated() const { return integrity != Integrity::kNone; }
};

// What a request was proved by, RFC 8489 §9.2.4.
struct Proof {
  Integrity checked = Integrity::kNone;   // the attribute that counts: the stronger one when both are there (§14.6)
  Integrity answered = Integrity::kNone;  // the attribute of the response
  wire::PasswordAlgorithm algorithm = wire::PasswordAlgorithm::kMd5;
};

// Lives while one message is handled.
struct Request {
  Now now;
  const wire::MessageView& message;
  Output& output;
  Requester from;
  // Filled in by authentication.
  std::string prepared_name = {};  // what from.username borrows when it is not the USERNAME as it came
  Key key = {};
  Wall credentials_expire = Wall::max();
  auth::UserLimits limits = {};
  bool by_token = false;
  std::optional<auth::MobilityTicket> ticket = {};  // MOBILITY-TICKET of a Refresh, where a key here opens it
};

// What a refusal says beyond its reason.
struct RefusalDetail {
  std::optional<IpEndpoint> peer = {};
  std::string_view rule = {};
  std::span<const uint16_t> unknown_attributes = {};
  const IpEndpoint* alternate = nullptr;  // ALTERNATE-SERVER
};

}  // namespace noom::turn
