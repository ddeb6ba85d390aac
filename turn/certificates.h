// The certificates of the listeners: tls.* read, checked and put together.
#pragma once

#include <memory>
#include <vector>

#include "common/io/tls_context.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "turn/config.h"

namespace noom::turn {

// Whether connections at the listener may be TLS or DTLS.
bool needs_certificate(const Listener& listener);

// One slot for each listener, null where it needs no certificate. Each file that cannot be used is a finding that names
// key and entry, each that is about to be refused by clients a warning; after errors the slots must not be used.
std::vector<std::shared_ptr<io::TlsContextSlot>> load_certificates(const Config& config, const ops::ConfigTable& table,
                                                                   const std::vector<Listener>& listeners, Wall now,
                                                                   ops::Findings& findings);

}  // namespace noom::turn
