// From what the operator wrote to what the service runs on: reads the files that keys name, checks what no single row
// can, completes what was left open. Binds nothing.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/io/local_addresses.h"
#include "common/io/tls_context.h"
#include "common/ops/daemon.h"
#include "turn/config.h"
#include "turn/external_watch.h"

namespace noom::turn {

// An external address of the settings that must be looked up: of relay_addresses[relay], or of
// listener_relays[*listener][relay].
struct ExternalUse {
  ExternalQuestion question;
  std::optional<size_t> listener;
  size_t relay = 0;
};

struct Prepared {
  TurnServiceOptions options;
  std::vector<std::shared_ptr<io::TlsContextSlot>> tls;  // those of options.listeners, to change them
  std::vector<ExternalUse> external_uses;                // unspecified in options.settings until with_answers()
  Secret admin_token;                                    // empty: no orders over the admin port
  ops::Findings findings;                                // with errors, `options` must not be used
};

// `host`: this host's addresses, as io::local_addresses() gives them; empty: unknown. Moves secrets out of `config`.
Prepared prepare(Config& config, const ops::ConfigTable& table, const std::vector<io::LocalAddress>& host, Wall now);

// `prepared` with the external addresses that are known, as the successor of `running` (null: the first), on a host
// with these addresses.
std::shared_ptr<const Settings> with_answers(const Settings& prepared, const std::vector<ExternalUse>& uses,
                                             const std::vector<ExternalAnswer>& answers, const Settings* running,
                                             const std::vector<io::LocalAddress>& host);

}  // namespace noom::turn
