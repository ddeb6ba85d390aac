// The settings that the service runs on, as they change: by SIGHUP, and by what is found out about external addresses.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/base/log.h"
#include "turn/external_watch.h"
#include "turn/setup.h"

namespace noom::turn {

// Thread-safe.
class LiveSettings {
 public:
  using Host = std::function<std::vector<io::LocalAddress>()>;
  using Apply = std::function<void(std::shared_ptr<const Settings>)>;
  // `log` outlives this object.
  LiveSettings(ExternalLookUp look_up, Host host, LogSink& log);

  // Goes over to these. `at_most`: how long to wait for the first answers about external addresses; later ones are
  // taken as they come.
  void change(std::shared_ptr<const Settings> prepared, std::vector<ExternalUse> uses, Duration refresh,
              Duration at_most);
  // Every change from now on; the present settings at once.
  void follow(Apply apply);

  std::shared_ptr<const Settings> current() const;
  // Whether every external address is known.
  bool is_complete() const;
  const ExternalStats& stats() const { return *stats_; }

 private:
  void take(const std::vector<ExternalAnswer>& answers);
  void rebuild();  // holds mutex_

  const ExternalLookUp look_up_;
  const Host host_;
  LogSink& log_;
  const std::shared_ptr<ExternalStats> stats_ = std::make_shared<ExternalStats>();
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> prepared_;
  std::vector<ExternalUse> uses_;
  std::vector<ExternalAnswer> answers_;
  std::shared_ptr<const Settings> current_;
  Apply apply_;
  std::shared_ptr<ExternalWatch> watch_;  // last: it calls take()
};

}  // namespace noom::turn
