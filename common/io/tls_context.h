// The server side of TLS: certificates, keys and protocol limits in one immutable value, replaced as a whole on reload.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/io/tls_certificate.h"

namespace noom::io {

struct TlsOptions {
  std::string certificate_file;  // PEM: the server's certificate first, then the chain
  std::string key_file;          // PEM, unencrypted
  // Protocols spoken, best first (RFC 7301). A client that offers others only is refused (no_application_protocol), one
  // that offers none is served. Empty: what clients offer is ignored.
  std::vector<std::string> alpn;
};

enum class TlsMethod : uint8_t { kStream, kDatagram };  // TLS, DTLS

// TLS 1.2 and later, or DTLS 1.2, server side. Immutable, hence shared by all shards.
class TlsContext {
 public:
  // With one certificate. Errors and warnings are TlsCertificate's.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> load(const TlsOptions& options, Wall now);
  // With several, at least one: the client's server name (SNI, RFC 6066 §3) chooses, see ServerNames; the first is
  // for those who ask for none of them. `alpn` as in TlsOptions.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> make(
      const std::vector<std::shared_ptr<const TlsCertificate>>& certificates, const std::vector<std::string>& alpn,
      TlsMethod method = TlsMethod::kStream);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Those of the certificates, and name_warnings().
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<std::string>& name_warnings() const { return names_.warnings(); }
  Wall not_after() const { return not_after_; }  // of the certificate that ends first
  // For Stream; the caller owns the session (SSL_free). nullptr when memory is short.
  SSL* new_session() const;

 private:
  explicit TlsContext(const std::vector<std::shared_ptr<const TlsCertificate>>& certificates);
  absl::Status add_answers(const std::vector<std::shared_ptr<const TlsCertificate>>& certificates, TlsMethod method);
  SSL_CTX* context_for(const ServerNames::Answer& answer) const;
  static int on_server_name(SSL* session, int* alert, void* context);

  ServerNames names_;
  std::vector<std::pair<ServerNames::Answer, SSL_CTX*>> contexts_;  // the first is the fallback's
  std::string alpn_wire_;
  std::vector<std::string> warnings_;
  Wall not_after_{};
};

// Where acceptors find the context of the moment: new connections use the newest, running ones keep theirs.
// Thread-safe.
class TlsContextSlot {
 public:
  explicit TlsContextSlot(std::shared_ptr<const TlsContext> context = nullptr) : context_(std::move(context)) {}
  std::shared_ptr<const TlsContext> get() const {
    std::lock_guard lock(mutex_);
    return context_;
  }
  void set(std::shared_ptr<const TlsContext> context) {
    std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace noom::io
