// A certificate authority and a certificate for development: so that phones on the local network get HTTPS, which
// getUserMedia needs, without asking anybody. Not for servers that others rely on.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/time.h"

namespace noom::signal {

struct DevCertificate {
  std::string ca_file;           // PEM; what phones install
  std::string certificate_file;  // PEM: the server's certificate, then the CA's
  std::string key_file;          // PEM
  bool renewed = false;          // the certificate is new
};

// What the certificate must be good for.
struct DevNames {
  std::vector<std::string> hosts;    // "localhost", the host's name
  std::vector<IpAddress> addresses;  // loopback and the local network's
};

// localhost, the host's name (also with .local) and all its addresses that are up and not link-local.
absl::StatusOr<DevNames> local_dev_names();

// ca.pem, ca-key.pem, cert.pem and key.pem in `directory`, made when they are missing. The certificate is renewed when
// it lacks one of the names or ends within 30 days; the CA when it ends within a year. Keys are P-256, readable by
// their owner only. The CA may sign for these kinds of names alone: local host names and private addresses (name
// constraints, RFC 5280 §4.2.1.10).
absl::StatusOr<DevCertificate> ensure_dev_certificate(const std::string& directory, const DevNames& names, Wall now);

}  // namespace noom::signal
