#include "common/ops/admin_http.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

namespace noom::ops {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::beast::error_code;
using tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kTextType = "text/plain; charset=utf-8";

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response make_response(const Request& request, http::status status, std::string_view type, std::string body) {
  Response response(status, request.version());
  response.set(http::field::content_type, boost::beast::string_view(type.data(), type.size()));
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

Response not_allowed(const Request& request, std::string_view allowed) {
  Response response =
      make_response(request, http::status::method_not_allowed, kTextType, "only " + std::string(allowed) + "\n");
  response.set(http::field::allow, boost::beast::string_view(allowed.data(), allowed.size()));
  return response;
}

Response make_json(const Request& request, AdminReply reply) {
  Response response = make_response(request, static_cast<http::status>(reply.status), kJsonType, std::move(reply.json));
  if (response.body().empty()) response.erase(http::field::content_type);
  return response;
}

Response refuse_question(const Request& request, const AdminRefusal& refusal) {
  Response response = make_json(request, admin_error(refusal.status, refusal.code, refusal.message));
  if (refusal.status == 401) response.set(http::field::www_authenticate, "Bearer");
  if (!refusal.allow.empty()) response.set(http::field::allow, refusal.allow);
  return response;
}

// The operator's page may load its own files and ask its own server, nothing else.
Response send_file(const Request& request, const AdminFile& file) {
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return not_allowed(request, "GET, HEAD");
  Response response = make_response(request, http::status::ok, file.content_type, file.body);
  response.set("Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  return response;
}

Response page(const Request& request, const AdminPages& pages, std::string_view path) {
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return not_allowed(request, "GET, HEAD");
  if (!request.body().empty()) return make_response(request, http::status::payload_too_large, kTextType, "");
  if (path == "/metrics") return make_response(request, http::status::ok, kExpositionType, pages.metrics());
  if (path == "/healthz") return make_response(request, http::status::ok, kTextType, "alive\n");
  if (pages.ready()) return make_response(request, http::status::ok, kTextType, "ready\n");
  return make_response(request, http::status::service_unavailable, kTextType, "not ready\n");
}

AdminQuestion question_of(const Request& request, bool trusted) {
  const auto view = [](boost::beast::string_view text) { return std::string_view(text.data(), text.size()); };
  return {view(request.method_string()), view(request.target()), view(request[http::field::authorization]),
          request.body(), trusted};
}

Response route(const Request& request, const AdminPages& pages) {
  const std::string_view target(request.target().data(), request.target().size());
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics" || path == "/healthz" || path == "/readyz") return page(request, pages, path);
  if (pages.api != nullptr) {
    const auto file = pages.api->files.find(path);
    if (file != pages.api->files.end()) return send_file(request, file->second);
  }
  return make_response(request, http::status::not_found, kTextType, "try /metrics, /healthz or /readyz\n");
}

// One connection: request, response, and again while it is kept alive. Every step has the same deadline.
template <typename Protocol>
class Connection : public std::enable_shared_from_this<Connection<Protocol>> {
 public:
  using Socket = typename Protocol::socket;
  Connection(Socket socket, const AdminPages& pages, std::shared_ptr<size_t> open)
      : stream_(std::move(socket)), pages_(pages), open_(std::move(open)) {
    ++*open_;
  }
  ~Connection() { --*open_; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kAdminHeaderBytesMax);
    parser_->body_limit(kAdminBodyBytesMax);
    stream_.expires_after(std::chrono::seconds(kAdminDeadlineSeconds));
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](error_code error, size_t) { self->on_read(error); });
  }

 private:
  void answer(const Request& request) {
    auto found = pages_.api != nullptr ? find_route(*pages_.api, question_of(request, kTrusted)) : std::nullopt;
    if (!found) return respond(route(request, pages_));
    if (const auto* refusal = std::get_if<AdminRefusal>(&*found)) return respond(refuse_question(request, *refusal));
    auto& match = std::get<AdminMatch>(*found);
    // Answers come from other threads; the connection lives and dies on this one.
    auto self = std::make_shared<std::shared_ptr<Connection>>(this->shared_from_this());
    match.route->run(std::move(match.request), [self, executor = stream_.get_executor()](AdminReply reply) {
      asio::post(executor, [self = std::move(*self), reply = std::move(reply)]() mutable {
        if (self != nullptr) self->respond(make_json(self->parser_->get(), std::move(reply)));
      });
    });
  }
  void on_read(error_code error) {
    if (!error) return answer(parser_->get());
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return refuse(http::status::request_header_fields_too_large);
    if (error == http::error::body_limit) return refuse(http::status::payload_too_large);
    // Beast's parser errors are the client's; anything else is the connection's end.
    if (error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
      refuse(http::status::bad_request);
  }
  void refuse(http::status status) {
    Request request;
    request.version(11);
    request.keep_alive(false);
    respond(make_response(request, status, kTextType, ""));
  }
  void respond(Response response) {
    // RFC 9110 §9.3.2: HEAD gets the fields of GET, Content-Length included, without the content.
    const bool head = parser_->is_header_done() && parser_->get().method() == http::verb::head;
    response_ = std::move(response);
    serializer_.emplace(response_);
    stream_.expires_after(std::chrono::seconds(kAdminDeadlineSeconds));
    auto then = [self = this->shared_from_this()](error_code error, size_t) { self->on_written(error); };
    if (head) {
      http::async_write_header(stream_, *serializer_, std::move(then));
    } else {
      http::async_write(stream_, *serializer_, std::move(then));
    }
  }
  void on_written(error_code error) {
    if (error) return;
    if (response_.keep_alive()) return read();
    error_code ignored;
    stream_.socket().shutdown(Socket::shutdown_send, ignored);
  }

  static constexpr bool kTrusted = std::is_same_v<Protocol, Local>;  // let in by may_ask()

  boost::beast::basic_stream<Protocol> stream_;
  const AdminPages& pages_;
  std::shared_ptr<size_t> open_;
  boost::beast::flat_buffer buffer_{kAdminHeaderBytesMax};
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

// unix(7): who connected, by the credentials that the kernel took then.
bool may_ask(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  const gid_t own = ::getegid();
  if (peer.uid == 0 || peer.uid == ::geteuid() || peer.gid == own) return true;
  std::array<gid_t, 1024> groups{};
  socklen_t bytes = sizeof groups;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) return false;
  const auto end = groups.begin() + static_cast<std::ptrdiff_t>(bytes / sizeof(gid_t));
  return std::find(groups.begin(), end, own) != end;
}
bool may_ask(const Local::socket& socket) {
  return may_ask(const_cast<Local::socket&>(socket).native_handle());
}
bool may_ask(const tcp::socket&) {
  return true;  // AdminApi::token decides
}

template <typename Protocol>
class AdminServer final : public AdminHttp {
 public:
  using Socket = typename Protocol::socket;
  AdminServer(asio::io_context& io, AdminPages pages) : acceptor_(io), retry_(io), pages_(std::move(pages)) {}
  ~AdminServer() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  error_code open(const typename Protocol::endpoint& endpoint, const std::string& path) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if constexpr (std::is_same_v<Protocol, tcp>) {
      if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) path_ = path;
    if (!error && !path.empty() && ::chmod(path.c_str(), 0660) != 0)
      error.assign(errno, boost::system::system_category());
    if (!error) acceptor_.listen(Protocol::acceptor::max_listen_connections, error);
    if (!error) accept();
    return error;
  }
  IpEndpoint local() const override {
    if constexpr (std::is_same_v<Protocol, tcp>) {
      const tcp::endpoint bound = acceptor_.local_endpoint();
      return {IpAddress::parse(bound.address().to_string()).value_or(IpAddress()), bound.port()};
    } else {
      return {};
    }
  }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return accept_later();
      // Closed here when there are too many, or for a stranger: the socket ends with this scope.
      if (*open_ < kAdminConnectionsMax && may_ask(socket))
        std::make_shared<Connection<Protocol>>(std::move(socket), pages_, open_)->read();
      accept();
    });
  }
  // Out of descriptors: accepting again at once would only spin.
  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code error) {
      if (!error) accept();
    });
  }

  typename Protocol::acceptor acceptor_;
  asio::steady_timer retry_;
  AdminPages pages_;
  std::string path_;  // of a socket in the file system, once it is there
  std::shared_ptr<size_t> open_ = std::make_shared<size_t>(0);
};

// A socket that a process left behind: nobody answers there.
void remove_stale(asio::io_context& io, const Local::endpoint& endpoint) {
  struct stat found {};
  if (::stat(endpoint.path().c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  Local::socket probe(io);
  error_code error;
  probe.connect(endpoint, error);
  if (error == asio::error::connection_refused) ::unlink(endpoint.path().c_str());
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::listen(asio::io_context& io, const IpEndpoint& at,
                                                             AdminPages pages) {
  auto server = std::make_unique<AdminServer<tcp>>(io, std::move(pages));
  const tcp::endpoint endpoint(asio::ip::make_address(at.address.to_string()), at.port);
  if (const error_code error = server->open(endpoint, "")) return absl::UnavailableError(error.message());
  return server;
}

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::listen(asio::io_context& io, const std::string& path,
                                                             AdminPages pages) {
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return absl::InvalidArgumentError("the path is longer than 107 bytes");
  const Local::endpoint endpoint(path);
  remove_stale(io, endpoint);
  auto server = std::make_unique<AdminServer<Local>>(io, std::move(pages));
  if (const error_code error = server->open(endpoint, path)) return absl::UnavailableError(error.message());
  return server;
}

}  // namespace noom::ops
