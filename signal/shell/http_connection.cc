// Beast parses requests; answers are a header of our own and a shared body.
#include "signal/shell/http_connection.h"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <optional>
#include <string>
#include <utility>

#include "common/io/clocks.h"

namespace noom::signal {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr Duration kHandshakeDeadline = std::chrono::seconds(10);
constexpr Duration kGoodbyeDeadline = std::chrono::seconds(2);

class BeastHttpConnection final : public HttpConnection, public std::enable_shared_from_this<BeastHttpConnection> {
 public:
  BeastHttpConnection(io::Stream stream, ConnectionId id, HttpEvents& events)
      : stream_(std::move(stream)), id_(id), events_(events), buffer_(kHttpHeaderBytesMax + 1024) {}

  void start() {
    stream_.async_handshake(kHandshakeDeadline, [self = shared_from_this()](error_code error) {
      if (!error) {
        self->events_.on_client(self->id_, self->stream_.remote());
        return self->read();
      }
      self->events_.on_handshake_failed(self->id_, error);
      self->end();
    });
  }
  void abort() override { stream_.close(); }

 private:
  using Parser = http::request_parser<http::empty_body>;

  void read() {
    events_.on_phase(id_, HttpPhase::kRequest);
    parser_.emplace();
    parser_->header_limit(kHttpHeaderBytesMax);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, size_t) { self->on_read(error); });
  }

  void on_read(error_code error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return answer(refuse_request(431, "The request header is too long."));
    }
    const bool is_malformed = error.category() == make_error_code(http::error::bad_method).category();
    if (error && is_malformed && error != http::error::end_of_stream && error != http::error::partial_message) {
      return answer(refuse_request(400, "This is not HTTP/1.1."));
    }
    if (error) return end();
    keep_alive_ = parser_->keep_alive();
    const HttpRequest asked = request();
    // A WebSocket client must not speak before it is answered (RFC 6455 §4.1).
    if (buffer_.size() > 0 && !asked.upgrade.empty())
      return answer(refuse_request(400, "Wait for the answer to the upgrade."));
    auto result = events_.on_request(id_, asked);
    if (auto* upgrade = std::get_if<UpgradeAccepted>(&result)) {
      parser_.reset();
      return events_.on_upgrade(id_, std::move(stream_), *upgrade);
    }
    answer(std::get<HttpAnswer>(std::move(result)));
  }

  HttpRequest request() {
    const auto& fields = parser_->get();
    const auto field = [&fields](http::field name) {
      const auto value = fields[name];
      return std::string_view(value.data(), value.size());
    };
    // Lists may be spread over several lines (RFC 9110 §5.3).
    const auto list = [&fields](http::field name, std::string& joined) {
      joined.clear();
      const auto [begin, end] = fields.equal_range(name);
      for (auto at = begin; at != end; ++at) {
        if (!joined.empty()) joined += ", ";
        joined.append(at->value().data(), at->value().size());
      }
      return std::string_view(joined);
    };
    const bool is_repeated = fields.count(http::field::host) > 1 || fields.count(http::field::origin) > 1;
    HttpRequest request;
    request.method = {fields.method_string().data(), fields.method_string().size()};
    request.target = {fields.target().data(), fields.target().size()};
    request.host = is_repeated ? std::string_view() : field(http::field::host);
    request.origin = field(http::field::origin);
    request.if_none_match = list(http::field::if_none_match, if_none_match_);
    request.connection = list(http::field::connection, connection_);
    request.upgrade = list(http::field::upgrade, upgrade_);
    request.sec_websocket_version = field(http::field::sec_websocket_version);
    request.sec_websocket_key = field(http::field::sec_websocket_key);
    request.sec_websocket_protocol = list(http::field::sec_websocket_protocol, protocols_);
    request.has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
    return request;
  }

  void answer(HttpAnswer answer) {
    events_.on_phase(id_, HttpPhase::kAnswer);
    events_.on_answered(answer);
    keep_alive_ = keep_alive_ && !answer.close;
    header_ = build_header(answer, io::read_clocks().wall, keep_alive_);
    body_ = answer.head_only ? nullptr : std::move(answer.body);
    const boost::asio::const_buffer body = body_ ? boost::asio::buffer(*body_) : boost::asio::const_buffer();
    boost::asio::async_write(stream_, std::array<boost::asio::const_buffer, 2>{boost::asio::buffer(header_), body},
                             [self = shared_from_this()](error_code error, size_t) { self->on_written(error); });
  }

  void on_written(error_code error) {
    body_ = nullptr;
    if (error) return end();
    if (keep_alive_) return read();
    stream_.async_shutdown(kGoodbyeDeadline, [self = shared_from_this()](error_code) { self->end(); });
  }

  void end() {
    stream_.close();
    events_.on_http_end(id_);
  }

  io::Stream stream_;
  const ConnectionId id_;
  HttpEvents& events_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool keep_alive_ = false;
  std::string header_;
  std::shared_ptr<const std::string> body_;
  std::string if_none_match_, connection_, upgrade_, protocols_;  // what the request borrows
};

}  // namespace

std::shared_ptr<HttpConnection> HttpConnection::serve(io::Stream stream, ConnectionId id, HttpEvents& events) {
  auto connection = std::make_shared<BeastHttpConnection>(std::move(stream), id, events);
  connection->start();
  return connection;
}

}  // namespace noom::signal
