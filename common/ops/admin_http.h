// The admin port: GET /metrics, /healthz, /readyz over HTTP/1.1, and what a daemon lets its operator order by POST.
// Runs on the daemon's control thread, never on a shard, so that a scrape cannot stall the data path. Not a web server:
// no files, no TLS.
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/secret.h"

namespace noom::ops {

// Empty: done, and answered 204. Otherwise the order was wrong: 400, with this in {"error": …}.
using AdminComplaint = std::string;

// What a POST to `path` with the bearer token does with its body.
struct AdminAction {
  std::string path;  // "/v1/…"
  std::function<AdminComplaint(std::string_view body)> run;
};
struct AdminActions {
  Secret token;  // not empty
  std::vector<AdminAction> actions;
};

struct AdminPages {
  std::function<std::string()> metrics;
  std::function<bool()> ready;
  std::shared_ptr<const AdminActions> actions = {};  // null: there are none
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
  virtual ~AdminHttp() = default;
  virtual IpEndpoint local() const = 0;
};

}  // namespace noom::ops
