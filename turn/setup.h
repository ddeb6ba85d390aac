// From what the operator wrote to what the service runs on: reads the files that keys name, checks what no single row
// can, completes what was left open. Binds nothing.
#pragma once

#include <memory>
#include <vector>

#include "common/io/local_addresses.h"
#include "common/io/tls_context.h"
#include "common/ops/daemon.h"
#include "turn/config.h"

namespace noom::turn {

struct Prepared {
  TurnServiceOptions options;
  std::vector<std::shared_ptr<io::TlsContextSlot>> tls;  // those of options.listeners, to change them
  ops::Findings findings;                                // with errors, `options` must not be used
};

// `host`: this host's addresses, as io::local_addresses() gives them; empty: unknown. Moves secrets out of `config`.
Prepared prepare(Config& config, const ops::ConfigTable& table, const std::vector<io::LocalAddress>& host, Wall now);

}  // namespace noom::turn
