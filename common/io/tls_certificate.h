// One certificate of a server: chain and key as read from their files, the names it stands for, when it ends.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"

namespace noom::io {

struct CertificateFiles {
  std::string certificate_file;  // PEM: the server's certificate first, then the chain
  std::string key_file;          // PEM, unencrypted
};

// OpenSSL's first queued error in words; empties the queue.
std::string take_tls_reason();

// Immutable; may be shared by several contexts.
class TlsCertificate {
 public:
  // Errors name the file, the reason and the remedy; those about the key begin with "key ". A certificate that has
  // expired, or is not valid yet, still loads: see warnings().
  static absl::StatusOr<std::shared_ptr<const TlsCertificate>> load(const CertificateFiles& files, Wall now);
  ~TlsCertificate();
  TlsCertificate(const TlsCertificate&) = delete;
  TlsCertificate& operator=(const TlsCertificate&) = delete;

  // The DNS names among its subjectAltNames, in lower case: "turn.example.org", "*.example.org".
  const std::vector<std::string>& names() const { return names_; }
  // OpenSSL's number of the key's algorithm: certificates of different ones stand beside each other in a context.
  int key_type() const { return key_type_; }
  Wall not_after() const { return not_after_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& file() const { return file_; }
  // Beside those of other key types that the context has already.
  absl::Status add_to(SSL_CTX* context) const;

 private:
  TlsCertificate() = default;
  void check_dates(Wall now);

  SSL_CTX* loaded_ = nullptr;  // never used for a session: it holds what the files had
  std::string file_;
  std::vector<std::string> names_;
  int key_type_ = 0;
  Wall not_after_{};
  std::vector<std::string> warnings_;
};

// Which certificates answer for a name, by their place in the list given. RFC 6066 §3, RFC 9525 §6.3.
class ServerNames {
 public:
  // The certificates of one answer: of each key type one, the first in the list that has the name.
  using Answer = std::vector<size_t>;

  explicit ServerNames(const std::vector<std::shared_ptr<const TlsCertificate>>& certificates);

  // For clients that ask for no name, or one that no certificate has: the first certificate, and those of other key
  // types that have all its names.
  const Answer& fallback() const { return fallback_; }
  // Every case and a final dot are the same name. A name itself wins over a wildcard, which stands for one label.
  // nullptr: none has the name.
  const Answer* find(std::string_view name) const;
  // Every answer there is.
  std::vector<Answer> all() const;
  // A certificate that no client gets: "…; <remedy>".
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<std::pair<std::string, Answer>> by_name_;  // sorted
  Answer fallback_;
  std::vector<std::string> warnings_;
};

}  // namespace noom::io
