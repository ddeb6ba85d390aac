#include "ctl/admin_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>

#include "common/ops/text_file.h"

namespace noom::ctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

std::string remedy_for(const AdminTarget& target, const error_code& error) {
  if (error == boost::system::errc::permission_denied)
    return "run noom-ctl as root, or join the group noom: adduser USER noom";
  if (target.socket.empty()) return "see that it runs and that its metrics.listen is there";
  return "see that it runs (systemctl status " + target.daemon +
         ") and that its daemon.admin_socket is there, or say --socket or --url";
}
std::string name_of(const AdminTarget& target) {
  return target.daemon + " at " + (target.socket.empty() ? target.host + ":" + target.port : target.socket);
}

// A connection, a request, a response.
template <typename Protocol>
class Exchange {
 public:
  explicit Exchange(http::request<http::string_body> request) : request_(std::move(request)) {
    answer_.body_limit(kAdminAnswerBytesMax);
  }

  error_code run(
      const std::function<std::optional<typename Protocol::endpoint>(asio::io_context&, error_code&)>& find) {
    const auto endpoint = find(io_, error_);
    if (!endpoint) return error_;
    stream_.expires_after(std::chrono::seconds(kAdminPatienceSeconds));
    stream_.async_connect(*endpoint, [this](error_code error) {
      if (failed(error)) return;
      http::async_write(stream_, request_, [this](error_code written, size_t) {
        if (failed(written)) return;
        http::async_read(stream_, buffer_, answer_, [this](error_code read, size_t) { failed(read); });
      });
    });
    io_.run();
    return error_;
  }
  AdminResponse response() { return {static_cast<int>(answer_.get().result_int()), std::move(answer_.get().body())}; }

 private:
  bool failed(error_code error) {
    error_ = error;
    return static_cast<bool>(error);
  }

  asio::io_context io_;
  beast::basic_stream<Protocol> stream_{io_};
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> answer_;
  error_code error_;
};

template <typename Protocol, typename Find>
absl::StatusOr<AdminResponse> exchange(const AdminTarget& target, http::request<http::string_body> request, Find find) {
  Exchange<Protocol> exchange(std::move(request));
  if (const error_code error = exchange.run(find))
    return absl::UnavailableError(name_of(target) + ": " + error.message() + "; " + remedy_for(target, error));
  return exchange.response();
}

}  // namespace

absl::StatusOr<AdminTarget> target_of(const Invocation& invocation, std::string_view daemon) {
  AdminTarget target{.daemon = std::string(daemon), .socket = {}, .host = {}, .port = {}, .token = {}};
  const auto url = invocation.value("--url");
  if (!url) {
    target.socket = invocation.value("--socket").value_or("/run/" + target.daemon + "/admin.sock");
    return target;
  }
  constexpr std::string_view kScheme = "http://";
  const std::string_view authority = std::string_view(*url).substr(std::min(kScheme.size(), url->size()));
  const size_t colon = authority.rfind(':');
  if (!url->starts_with(kScheme) || colon == authority.npos || colon + 1 >= authority.size() || colon == 0 ||
      authority.find('/') != authority.npos)
    return absl::InvalidArgumentError(
        "--url is \"" + *url +
        "\"; write it like http://127.0.0.1:9642 (for another host: ssh -L 9642:127.0.0.1:9642 HOST)");
  target.host = authority.substr(0, colon);
  if (target.host.starts_with('[') && target.host.ends_with(']'))
    target.host = target.host.substr(1, target.host.size() - 2);
  target.port = authority.substr(colon + 1);
  const auto path = invocation.value("--token-file");
  if (!path) return absl::InvalidArgumentError("--url needs --token-file, the file of the daemon's admin.token_file");
  auto file = ops::read_secret_file(*path);
  if (!file.ok())
    return absl::InvalidArgumentError("--token-file " + *path + ": " + std::string(file.status().message()) +
                                      "; name a file that you may read, with the token on one line");
  target.token = std::move(file->secret);
  return target;
}

absl::StatusOr<AdminResponse> ask(const AdminTarget& target, std::string_view method, const std::string& path,
                                  const std::string& body) {
  http::request<http::string_body> request(http::string_to_verb(beast::string_view(method.data(), method.size())), path,
                                           11);
  request.set(http::field::host, target.socket.empty() ? target.host : "localhost");
  request.set(http::field::connection, "close");
  if (!target.token.empty()) request.set(http::field::authorization, "Bearer " + std::string(target.token.reveal()));
  request.body() = body;
  request.prepare_payload();
  if (!target.socket.empty()) {
    using Local = asio::local::stream_protocol;
    return exchange<Local>(target, std::move(request),
                           [&](asio::io_context&, error_code& error) -> std::optional<Local::endpoint> {
                             if (target.socket.size() < 108) return Local::endpoint(target.socket);
                             error = make_error_code(boost::system::errc::filename_too_long);
                             return std::nullopt;
                           });
  }
  using Tcp = asio::ip::tcp;
  return exchange<Tcp>(target, std::move(request),
                       [&](asio::io_context& io, error_code& error) -> std::optional<Tcp::endpoint> {
                         Tcp::resolver resolver(io);
                         const auto found = resolver.resolve(target.host, target.port, error);
                         return error || found.empty() ? std::nullopt : std::optional(found.begin()->endpoint());
                       });
}

std::string refusal_of(const AdminTarget& target, const AdminResponse& response) {
  boost::system::error_code error;
  const boost::json::value said = boost::json::parse(response.body, error);
  const auto* object = error ? nullptr : said.if_object();
  const auto* message = object != nullptr ? object->if_contains("message") : nullptr;
  if (message != nullptr && message->is_string()) return target.daemon + ": " + std::string(message->as_string());
  if (response.status == 404)
    return target.daemon + " has no such route; it is older than this noom-ctl, or its admin.token_file is not set";
  return target.daemon + " answered HTTP " + std::to_string(response.status);
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned char>(c));
    encoded += escape;
  }
  return encoded;
}

}  // namespace noom::ctl
