// What noom-signal POSTs: signed webhooks to applications, and orders to relays, which take credentials back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "signal/core/output.h"
#include "signal/shell/post_sender.h"

namespace noom::signal {

// `Noom-Signature`'s value: "t=…,v1=…", HMAC-SHA256 of "t.body" in hexadecimal.
std::string webhook_signature(const Secret& secret, int64_t unix_time_s, std::string_view body);

PostKind webhooks_signed_with(Secret secret);
PostKind relay_orders_with(Secret token);

}  // namespace noom::signal
