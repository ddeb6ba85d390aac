// OpenSSL's own socket BIO calls write(2), which raises SIGPIPE on a connection that the peer has closed; this one
// sends with MSG_NOSIGNAL.
#pragma once

#include <openssl/types.h>

namespace noom::io {

// Reads and writes the non-blocking socket; does not own it. nullptr when memory is short.
BIO* new_socket_bio(int fd);

}  // namespace noom::io
