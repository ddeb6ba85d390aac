// What OpenSSL says when a call did not succeed, as Asio would say it.
#pragma once

#include <openssl/types.h>

#include <boost/system/error_code.hpp>

namespace noom::io {

// Errors of OpenSSL as error codes; message() is OpenSSL's reason text.
const boost::system::error_category& tls_category();

// What the call wants: to be made again once the socket is ready, or to fail.
struct Outcome {
  bool again = false;
  bool for_write = false;  // ready to be written to, else to be read from
  boost::system::error_code error;
};
// After SSL_do_handshake, SSL_read or SSL_write with errno and the error queue cleared before. Ends of file are
// boost::asio::error::eof.
Outcome to_outcome(SSL* ssl, int result);

}  // namespace noom::io
