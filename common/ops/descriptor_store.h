// The descriptor store of the service manager (systemd's FileDescriptorStoreMax=): what a process leaves there, the
// next process of the same unit finds. `systemctl restart` and a restart after a failure keep it; `systemctl stop`
// empties it, and so does a reboot.
#pragma once

#include <absl/status/status.h>

#include <span>
#include <vector>

#include "common/io/fd.h"
#include "common/io/fd_parcel.h"

namespace noom::ops {

// $FDSTORE says how many descriptors the manager keeps: systemd 254 sets it, the unit sets it for those before.
bool has_descriptor_store();

// Returns once the manager has it. Any error leaves nothing there.
absl::Status leave_behind(Bytes bytes, std::span<const int> fds);

// Among the descriptors that the process was started with, those that leave_behind() left: taken out of `fds`, and out
// of the store, so that nobody finds them twice. `names` are theirs, by index.
std::vector<io::Fd> take_left_behind(std::vector<int>& fds, std::span<const std::string> names);

}  // namespace noom::ops
