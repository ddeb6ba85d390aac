// Issuing and checking X.509 certificates with OpenSSL, as dev_certificate.* needs them. RFC 5280.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <openssl/types.h>

#include <memory>
#include <string>

#include "common/base/time.h"
#include "signal/shell/dev_certificate.h"

namespace noom::signal {

// A certificate with its private key.
class Issued {
 public:
  Issued(X509* certificate, EVP_PKEY* key);  // takes both
  // The first certificate of the one file and the key of the other; an error when they do not belong together.
  static absl::StatusOr<Issued> load(const std::string& certificate_file, const std::string& key_file);

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  std::string certificate_pem() const;
  std::string key_pem() const;

  bool is_valid_until(Wall then) const;
  bool covers(const DevNames& names) const;
  // Signed by that CA for server use, within its name constraints.
  bool verifies_under(const Issued& ca, Wall now) const;

 private:
  std::shared_ptr<X509> certificate_;
  std::shared_ptr<EVP_PKEY> key_;
};

absl::StatusOr<Issued> issue_ca(const DevNames& names, Wall from, Wall until);
absl::StatusOr<Issued> issue_leaf(const Issued& ca, const DevNames& names, Wall from, Wall until);

// Replace the file as a whole; 0600 and 0644.
absl::Status write_private_file(const std::string& path, const std::string& content);
absl::Status write_public_file(const std::string& path, const std::string& content);

}  // namespace noom::signal
