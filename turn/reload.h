// SIGHUP: the configuration and the files it names, read again and either taken as a whole or refused as a whole.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "turn/setup.h"

namespace noom::turn {

struct Reload {
  ops::Findings findings;  // with errors, nothing else must be used
  // The running settings with what may change while clients are served: credentials, policies, limits, switches,
  // external addresses; those of `external_uses` are still to be filled in.
  std::shared_ptr<const Settings> settings;
  std::vector<ExternalUse> external_uses;
  Duration external_refresh{};
  // By listener; null where it does no TLS.
  std::vector<std::shared_ptr<const io::TlsContext>> certificates;
  std::vector<std::string> restart_keys;  // changed, but only a restart takes them over
};

// `load` fills a fresh table from the file and the command line and returns the errors. `running` and `table` are what
// the daemon started with.
Reload read_again(const Config& running, const ops::ConfigTable& table, const Settings& settings,
                  const std::function<std::vector<std::string>(ops::ConfigTable&)>& load,
                  const std::vector<io::LocalAddress>& host, Wall now);

}  // namespace noom::turn
