// The server side of TLS: certificate chain, key and protocol limits in one immutable value, replaced as a whole on
// reload.
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

namespace noom::io {

struct TlsOptions {
  std::string certificate_file;  // PEM: the server's certificate first, then the chain
  std::string key_file;          // PEM, unencrypted
  std::vector<std::string>
      alpn;  // protocols offered, best first (RFC 7301); a client that offers none of them is served without
};

// TLS 1.2 and later, server side. Immutable, hence shared by all shards.
class TlsContext {
 public:
  // Errors name the file, the reason and the remedy. A certificate that has expired, or is not valid yet, still loads:
  // see warnings().
  static absl::StatusOr<std::shared_ptr<const TlsContext>> load(const TlsOptions& options, Wall now);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  const std::vector<std::string>& warnings() const { return warnings_; }
  Wall not_after() const { return not_after_; }
  // For Stream; the caller owns the session (SSL_free). nullptr when memory is short.
  SSL* new_session() const;

 private:
  TlsContext() = default;

  SSL_CTX* context_ = nullptr;
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
