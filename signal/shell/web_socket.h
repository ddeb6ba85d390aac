// One WebSocket connection: whole messages in, shared texts out, a bounded queue between. RFC 6455 is Beast's, in
// web_socket.cc, the only unit that includes it; what messages mean is the hub's.
#pragma once

#include <memory>

#include "common/io/stream.h"
#include "signal/shell/carrier.h"
#include "signal/shell/http_answer.h"
#include "signal/shell/shell_stats.h"

namespace noom::signal {

// Answers the upgrade with the subprotocol noom.v1 (and permessage-deflate, when it `deflates` and the client offers
// it) and begins to receive. Holds no buffer beyond a few hundred bytes while nothing is on its way; several KiB when
// it deflates. Pending operations keep it alive; references outlive it.
std::shared_ptr<Carrier> accept_web_socket(io::Stream stream, const UpgradeAccepted& upgrade, bool deflates,
                                           CarrierId id, const CarrierLimits& limits, CarrierEvents& events,
                                           ShellStats& stats);

}  // namespace noom::signal
