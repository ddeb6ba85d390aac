// Bytes and any number of descriptors as one descriptor: what a service manager keeps for a daemon while no process of
// it runs (sd_notify(3), FDSTORE=1). A manager looks at each descriptor it keeps, and names each in the environment of
// the next process, so that thousands would take seconds and then not fit.
//
//   socket pair, reading end | first message: count of descriptors, the bytes in a sealed memory file
//                            | further messages: up to 250 descriptors each
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <vector>

#include "common/base/bytes.h"
#include "common/io/fd.h"

namespace noom::io {

struct FdParcel {
  std::vector<std::byte> bytes;
  std::vector<Fd> fds;
};

// The descriptors stay the caller's too. ResourceExhausted when they are more than the kernel keeps under way: tens of
// thousands, or RLIMIT_NOFILE.
absl::StatusOr<Fd> pack_fds(Bytes bytes, std::span<const int> fds);

// Once. InvalidArgument for what pack_fds did not make, or what has been unpacked before.
absl::StatusOr<FdParcel> unpack_fds(Fd parcel);

}  // namespace noom::io
