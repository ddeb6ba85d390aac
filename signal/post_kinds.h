// What noom-signal POSTs: signed webhooks to applications, and orders to relays, which take credentials back.
#pragma once

#include "common/base/secret.h"
#include "common/post/post_sender.h"
#include "signal/core/output.h"

namespace noom::signal {

PostKind webhooks_signed_with(Secret secret);
PostKind relay_orders_with(Secret token);

}  // namespace noom::signal
