// Connecting to TCP servers from a given local endpoint.
#pragma once

#include "common/base/endpoint.h"
#include "common/io/stream.h"

namespace noom::io {

// Starts to connect `socket`, which is not open, from `local` to `remote`. `local` is an endpoint of this host that
// nobody uses, or an Acceptor with AcceptorOptions::connects. `done` is called once on the socket's executor, never
// from here; with operation_aborted when the socket was closed. The socket outlives the call of `done` and is then as
// Acceptor hands one out.
void async_connect_from(Stream::Socket& socket, const IpEndpoint& local, const IpEndpoint& remote,
                        Stream::StatusHandler done);

}  // namespace noom::io
