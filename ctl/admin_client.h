// One question to a running daemon's admin API (docs/api): over its Unix socket, or over HTTP with a bearer token.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "ctl/command.h"

namespace noom::ctl {

// Options that every command has that asks a daemon.
constexpr Option kSocketOption = {"--socket", "FILE", "the daemon's daemon.admin_socket (/run/noom-…/admin.sock)"};
constexpr Option kUrlOption = {"--url", "URL", "its admin port, as http://127.0.0.1:9642, in place of the socket"};
constexpr Option kTokenOption = {"--token-file", "FILE", "with --url: the file of the daemon's admin.token_file"};

// Where a daemon is asked.
struct AdminTarget {
  std::string daemon;  // "noom-turn"
  std::string socket;  // empty: by host and port
  std::string host;
  std::string port;
  Secret token;
};
// As the options say. An error is one line with its remedy: wrong usage.
absl::StatusOr<AdminTarget> target_of(const Invocation& invocation, std::string_view daemon);

struct AdminResponse {
  int status = 0;
  std::string body;

  bool good() const { return status >= 200 && status < 300; }
};
constexpr int kAdminPatienceSeconds = 15;  // for the whole of it
constexpr size_t kAdminAnswerBytesMax = 1 << 22;

// An error is one line with its remedy: nobody answers, or nobody may ask.
absl::StatusOr<AdminResponse> ask(const AdminTarget& target, std::string_view method, const std::string& path,
                                  const std::string& body = "");
// "noom-turn: <what it says>" of an answer that is not good.
std::string refusal_of(const AdminTarget& target, const AdminResponse& response);

std::string percent_encoded(std::string_view text);  // RFC 3986 §2.3: all but unreserved characters

}  // namespace noom::ctl
