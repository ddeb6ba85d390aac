#include "common/post/post_attempt.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <optional>
#include <utility>

namespace noom {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kAnswerHeaderBytesMax = 8192;

class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(asio::io_context& io, asio::ssl::context& tls, const PostUrl& url, Duration timeout,
          std::function<void(const PostResult&)> done)
      : url_(url), timeout_(timeout), resolver_(io), deadline_(io), stream_(io, tls), done_(std::move(done)) {}

  void start(const Post& post, const PostHeaders& headers) {
    request_.method(http::verb::post);
    request_.version(11);
    request_.target(url_.target);
    request_.set(http::field::host, url_.authority);
    request_.set(http::field::user_agent, "noom");
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : headers) request_.set(name, value);
    request_.body() = post.body;
    request_.prepare_payload();
    deadline_.expires_after(timeout_);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->finish({0, "timed out"});
    });
    resolver_.async_resolve(url_.host, url_.port,
                            [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
                              self->on_resolved(error, found);
                            });
  }

 private:
  beast::tcp_stream& plain() { return beast::get_lowest_layer(stream_); }

  void on_resolved(error_code error, const tcp::resolver::results_type& found) {
    if (error) return finish({0, error.message()});
    if (done_ == nullptr) return;
    plain().async_connect(found, [self = shared_from_this()](error_code failed, const tcp::endpoint&) {
      if (failed) return self->finish({0, failed.message()});
      self->url_.tls ? self->shake_hands() : self->write(self->plain());
    });
  }
  // RFC 9110 §4.3.4; RFC 6066 §3: no server name for an address.
  void shake_hands() {
    error_code is_name;
    asio::ip::make_address(url_.host, is_name);
    if (is_name) SSL_set_tlsext_host_name(stream_.native_handle(), url_.host.c_str());
    stream_.set_verify_callback(asio::ssl::host_name_verification(url_.host));
    stream_.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](error_code error) {
      error ? self->finish({0, error.message()}) : self->write(self->stream_);
    });
  }
  template <typename Stream>
  void write(Stream& stream) {
    http::async_write(stream, request_, [self = shared_from_this(), &stream](error_code error, size_t) {
      // Who answers before having read everything has answered all the same.
      if (error && error != asio::error::broken_pipe && error != asio::error::connection_reset)
        return self->finish({0, error.message()});
      self->read(stream);
    });
  }
  template <typename Stream>
  void read(Stream& stream) {
    answer_.header_limit(kAnswerHeaderBytesMax);
    http::async_read_header(stream, buffer_, answer_, [self = shared_from_this()](error_code error, size_t) {
      self->finish(error ? PostResult{0, error.message()}
                         : PostResult{static_cast<int>(self->answer_.get().result_int()), {}});
    });
  }
  // What is still going on ends with an error, and finds nobody to tell.
  void finish(const PostResult& result) {
    if (done_ == nullptr) return;
    const auto done = std::exchange(done_, nullptr);
    deadline_.cancel();
    resolver_.cancel();
    plain().close();
    done(result);
  }

  const PostUrl& url_;
  Duration timeout_;
  tcp::resolver resolver_;
  asio::steady_timer deadline_;
  beast::ssl_stream<beast::tcp_stream> stream_;  // its TLS is used by https alone
  http::request<http::string_body> request_;
  http::response_parser<http::empty_body> answer_;
  beast::flat_buffer buffer_{2 * kAnswerHeaderBytesMax};
  std::function<void(const PostResult&)> done_;
};

}  // namespace

std::optional<PostUrl> PostUrl::parse(std::string_view text) {
  PostUrl url;
  const auto take = [&](std::string_view scheme) {
    if (!text.starts_with(scheme)) return false;
    text.remove_prefix(scheme.size());
    return true;
  };
  if (take("https://")) {
    url.tls = true;
  } else if (!take("http://")) {
    return std::nullopt;
  }
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!is_plain) return std::nullopt;
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  const std::string_view rest = text.substr(authority.size());
  url.authority = authority;
  url.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
  const size_t after_host = authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':');
  std::string_view host = authority.substr(0, after_host);
  const std::string_view port = authority.substr(std::min(host.size(), authority.size()));
  if (host.starts_with('[')) host = host.size() > 2 ? host.substr(1, host.size() - 2) : "";
  url.host = host;
  url.port = port.empty() ? (url.tls ? "443" : "80") : std::string(port.substr(1));
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(url.port.data(), url.port.data() + url.port.size(), number);
  const bool port_is_good = error == std::errc() && end == url.port.data() + url.port.size() && number != 0 &&
                            (port.empty() || port.front() == ':');
  if (url.host.empty() || url.host.find_first_of("@[]") != std::string::npos || !port_is_good) return std::nullopt;
  return url;
}

absl::StatusOr<std::shared_ptr<asio::ssl::context>> make_post_tls(const std::string& ca_file) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code error;
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1);
  tls->set_verify_mode(asio::ssl::verify_peer);
  if (ca_file.empty()) {
    tls->set_default_verify_paths(error);
  } else {
    tls->load_verify_file(ca_file, error);
  }
  if (error) return absl::NotFoundError(error.message());
  return tls;
}

void start_post(asio::io_context& io, asio::ssl::context& tls, const PostUrl& url, const Post& post,
                const PostHeaders& headers, Duration timeout, std::function<void(const PostResult&)> done) {
  std::make_shared<Attempt>(io, tls, url, timeout, std::move(done))->start(post, headers);
}

}  // namespace noom
