// What noom-signal keeps in its state directory: the master key of its tickets, and between a drain and the next start
// the sessions that may be resumed, sealed with that key. docs/decisions/0008.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/secret.h"
#include "common/base/time.h"

namespace noom::signal {

// Single-threaded. Files are readable by their owner alone.
class StateStore {
 public:
  // Makes the directory and the key when they are not there. The error's message is the operating system's words.
  static absl::StatusOr<StateStore> open(std::string directory, Random& random);

  Secret key() const { return key_.clone(); }
  // What was saved, which is then gone: a state is never taken twice. nullopt when there is none, or it is not ours.
  std::optional<std::string> take(Now now);
  // "" saves nothing, and removes what was there.
  absl::Status save(Now now, Random& random, std::string_view state);

 private:
  StateStore(std::string directory, Secret key) : directory_(std::move(directory)), key_(std::move(key)) {}

  std::string directory_;
  Secret key_;
};

}  // namespace noom::signal
