// The admin port and the admin socket: GET /metrics, /healthz, /readyz over HTTP/1.1, and the daemon's API for its
// operator (admin_api.h). Runs on the daemon's control thread, never on a shard, so that a scrape cannot stall the data
// path. No TLS.
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/base/endpoint.h"
#include "common/ops/admin_api.h"

namespace noom::ops {

struct AdminPages {
  std::function<std::string()> metrics;
  std::function<bool()> ready;
  std::shared_ptr<const AdminApi> api = {};  // null: there is none
};

constexpr size_t kAdminConnectionsMax = 16;    // further ones are closed at once
constexpr size_t kAdminHeaderBytesMax = 8192;  // a longer request is answered 431
constexpr size_t kAdminBodyBytesMax = 8192;    // of an order; a longer one is answered 413
constexpr int kAdminDeadlineSeconds = 10;      // to send a whole request, and to take a whole response

// Single-threaded: all of it runs on the given io_context. Pages are called there.
class AdminHttp {
 public:
  // An error's message is the operating system's ("Address already in use").
  static absl::StatusOr<std::unique_ptr<AdminHttp>> listen(boost::asio::io_context& io, const IpEndpoint& at,
                                                           AdminPages pages);
  // A socket in the file system, of mode 0660. Served are root, this process's user and the members of its group, by
  // what the kernel says of the peer; they need no token. A socket that nobody listens on any more is replaced, and
  // removed at the end.
  static absl::StatusOr<std::unique_ptr<AdminHttp>> listen(boost::asio::io_context& io, const std::string& path,
                                                           AdminPages pages);
  virtual ~AdminHttp() = default;
  virtual IpEndpoint local() const = 0;  // unspecified for a socket in the file system
};

}  // namespace noom::ops
