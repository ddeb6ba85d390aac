// Sockets that systemd opened for the process (sd_listen_fds(3)): ports below 1024 for a daemon without a capability.
// A listener whose endpoint one of them is bound to uses it in place of a socket of its own.
//
// The process's, like its descriptors: handed over once, then used by the main thread alone, before shards start.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <span>
#include <vector>

#include "common/base/endpoint.h"
#include "common/io/fd.h"

namespace noom::io {

// Owns `fds` from now on, in place of those handed over before. InvalidArgument: one of them is no listening stream and
// no bound datagram socket of IP, or serves both families; the message says how to write the unit.
absl::Status inherit_sockets(std::span<const int> fds);

// Listening and bound sockets of the process before this one, beside those. Every shard takes one, in this order; those
// that nobody takes are closed by check_all_taken(). What is no such socket is closed at once.
void take_back_sockets(std::vector<Fd> sockets);

// `transport` is kUdp or kTcp here and below.
bool is_inherited(Transport transport, const IpEndpoint& local);

// One more shard's. A listening stream is duplicated: all shards accept from its queue. Of datagram sockets each shard
// needs one of its own, since a client must always meet the same shard: InvalidArgument when none is left. Empty: the
// endpoint was not handed over.
absl::StatusOr<Fd> take_inherited(Transport transport, const IpEndpoint& local);

// After all listeners are open: InvalidArgument names a socket that none has taken. Clients would wait there for ever.
absl::Status check_all_taken();

}  // namespace noom::io
