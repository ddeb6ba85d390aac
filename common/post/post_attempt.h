// One attempt to deliver a message: a connection, a POST, a status. Redirects are not followed: a status other than 2xx
// is a refusal.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/post/post_queue.h"
#include "common/post/post_sender.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace noom {

struct PostResult {
  int status = 0;     // 0: there was no answer
  std::string error;  // why there was none

  bool accepted() const { return status >= 200 && status < 300; }
  std::string reason() const { return status == 0 ? error : "HTTP " + std::to_string(status); }
};

// For connections to servers whose certificates `ca_file` holds, empty: the system's authorities. An error is the
// system's words.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> make_post_tls(const std::string& ca_file);

// `done` is called once, later, on the context's thread; not when the context ends before. `url` and `tls` outlive the
// attempt.
void start_post(boost::asio::io_context& io, boost::asio::ssl::context& tls, const PostUrl& url, const Post& post,
                const PostHeaders& headers, Duration timeout, std::function<void(const PostResult&)> done);

}  // namespace noom
