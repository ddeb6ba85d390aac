#include "common/io/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/error.hpp>
#include <cerrno>

namespace noom::io {

namespace {

class TlsCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    const char* reason = ERR_reason_error_string(static_cast<unsigned long>(static_cast<unsigned>(value)));
    return reason == nullptr ? "TLS error" : reason;
  }
};

}  // namespace

const boost::system::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

Outcome to_outcome(SSL* ssl, int result) {
  using boost::system::error_code;
  const int error_number = errno;
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return {.again = true, .error = {}};
    case SSL_ERROR_WANT_WRITE:
      return {.again = true, .for_write = true, .error = {}};
    case SSL_ERROR_ZERO_RETURN:
      return {.error = boost::asio::error::eof};
    case SSL_ERROR_SYSCALL:
      if (error_number == 0) return {.error = boost::asio::error::eof};
      return {.error = error_code(error_number, boost::system::system_category())};
    default:
      break;
  }
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {.error = boost::asio::error::eof};
  return {.error = error_code(static_cast<int>(code), tls_category())};
}

}  // namespace noom::io
