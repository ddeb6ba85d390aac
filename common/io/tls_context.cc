#include "common/io/tls_context.h"

#include <absl/strings/str_cat.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace noom::io {

namespace {

// The reason of OpenSSL's first queued error; empties the queue.
std::string take_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

absl::Status check_readable(const std::string& what, const std::string& file) {
  if (file.empty())
    return absl::InvalidArgumentError(absl::StrCat("no ", what, " file is configured; name a PEM file"));
  if (::access(file.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(what, " ", file, ": ", std::strerror(errno),
                                          "; the file must exist and be readable by the daemon's user"));
}

// Preference is the server's: the first of ours that the client offers.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void* ours) {
  const auto& wire = *static_cast<const std::string*>(ours);
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
                                           static_cast<unsigned>(wire.size()), in, in_size);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Wall to_wall(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return Wall(std::chrono::seconds(::timegm(&broken_down)));
}

std::string date_text(const ASN1_TIME* time) {
  std::tm broken_down{};
  char text[32] = "an unreadable date";
  if (ASN1_TIME_to_tm(time, &broken_down) == 1) std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &broken_down);
  return text;
}

absl::Status load_files(SSL_CTX* context, const TlsOptions& options) {
  if (absl::Status status = check_readable("certificate", options.certificate_file); !status.ok()) return status;
  if (absl::Status status = check_readable("key", options.key_file); !status.ok()) return status;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", options.certificate_file, ": ", take_reason(),
                     "; give a PEM file with the server's certificate first, then its chain"));
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool mismatch = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH ||
                          ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_TYPE_MISMATCH;
    if (mismatch) {
      ERR_clear_error();
      return absl::InvalidArgumentError(absl::StrCat("key ", options.key_file, " does not belong to certificate ",
                                                     options.certificate_file, "; renew both together"));
    }
    return absl::InvalidArgumentError(absl::StrCat("key ", options.key_file, ": ", take_reason(),
                                                   "; give the unencrypted PEM key of the certificate"));
  }
  return absl::OkStatus();
}

}  // namespace

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsOptions& options, Wall now) {
  std::shared_ptr<TlsContext> result(new TlsContext);
  result->context_ = SSL_CTX_new(TLS_server_method());
  if (result->context_ == nullptr) return absl::InternalError(absl::StrCat("TLS: ", take_reason()));
  SSL_CTX* context = result->context_;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // sessions resume by ticket, which costs no memory here
  if (absl::Status status = load_files(context, options); !status.ok()) return status;

  const X509* certificate = SSL_CTX_get0_certificate(context);
  result->not_after_ = to_wall(X509_get0_notAfter(certificate));
  if (result->not_after_ <= now) {
    result->warnings_.push_back(absl::StrCat("certificate ", options.certificate_file, " expired on ",
                                             date_text(X509_get0_notAfter(certificate)),
                                             "; clients will refuse it: renew it"));
  }
  if (to_wall(X509_get0_notBefore(certificate)) > now) {
    result->warnings_.push_back(absl::StrCat("certificate ", options.certificate_file, " is not valid before ",
                                             date_text(X509_get0_notBefore(certificate)), "; check this host's clock"));
  }
  for (const std::string& protocol : options.alpn) {
    if (protocol.empty() || protocol.size() > 255)
      return absl::InvalidArgumentError("an ALPN protocol has 1 to 255 bytes");
    result->alpn_wire_.push_back(static_cast<char>(protocol.size()));
    result->alpn_wire_ += protocol;
  }
  if (!options.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, select_alpn, &result->alpn_wire_);
  return result;
}

SSL* TlsContext::new_session() const {
  return SSL_new(context_);
}

}  // namespace noom::io
