// Building a response: what every one of them has, around what only this one has. Private to turn/core.
#pragma once

#include <utility>

#include "turn/core/connection.h"
#include "turn/core/core.h"

namespace noom::turn {

// `fill` adds the method's own attributes. Returns the response's size.
template <typename Fill>
size_t Core::respond(const Requester& to, wire::Class message_class, Output& output, Fill&& fill) {
  const MutableBytes room = output.arena.take(kResponseBytesMax);
  wire::MessageBuilder builder(room, to.method, message_class, to.transaction_id);
  std::forward<Fill>(fill)(builder);
  // Over UDP, an address that has proved nothing may be forged: not a byte more for whoever really lives there.
  const bool verified = to.authenticated() || is_connection(to.client.transport);
  if (verified && !settings_->software.empty()) builder.text(wire::Attr::kSoftware, settings_->software);
  if (to.integrity == Integrity::kSha1) builder.message_integrity(to.key);
  if (to.integrity == Integrity::kSha256) builder.message_integrity_sha256(to.key);
  if (to.fingerprint) builder.fingerprint();
  return deliver_response(to, builder, room, output);
}

}  // namespace noom::turn
