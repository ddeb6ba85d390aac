// Beast parses requests; answers are a header of our own and a shared body, or a stream that ends with the connection.
#include "signal/shell/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/dynamic_body.hpp>
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
constexpr size_t kWatchBytes = 512;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

using Parser = http::request_parser<http::empty_body>;
// Grows with what has come, not with what Content-Length claims.
using BodyParser = http::request_parser<http::basic_dynamic_body<boost::beast::flat_buffer>>;

// What a request says, borrowed from the parser and from lists that were spread over several lines (RFC 9110 §5.3).
class RequestView {
 public:
  HttpRequest read(const Parser& parser) {
    const auto& fields = parser.get();
    const auto field = [&fields](http::field name) {
      const auto value = fields[name];
      return std::string_view(value.data(), value.size());
    };
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
    request.sec_websocket_extensions = list(http::field::sec_websocket_extensions, extensions_);
    request.has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
    return request;
  }

 private:
  std::string if_none_match_, connection_, upgrade_, protocols_, extensions_;
};

class BeastHttpConnection final : public HttpConnection, public std::enable_shared_from_this<BeastHttpConnection> {
 public:
  BeastHttpConnection(io::Stream stream, ConnectionId id, HttpEvents& events)
      : stream_(std::move(stream)), id_(id), events_(events), buffer_(kHttpHeaderBytesMax + 1024) {}

  void start() {
    stream_.async_handshake(kHandshakeDeadline,
                            [self = shared_from_this(), began = io::read_clocks().mono](error_code error) {
                              if (self->ended_) return;
                              if (!error) {
                                if (self->stream_.is_tls())
                                  self->events_.on_tls_handshake(io::read_clocks().mono - began);
                                self->events_.on_client(self->id_, self->stream_.remote());
                                return self->read();
                              }
                              self->events_.on_handshake_failed(self->id_, error);
                              self->end();
                            });
  }

  bool is_answering() const override { return is_writing_; }

  void answer(HttpAnswer answer) override {
    if (ended_) return;
    is_later_ = false;
    is_writing_ = true;
    events_.on_phase(id_, HttpPhase::kAnswer);
    events_.on_answered(answer);
    streams_ = answer.streams;
    keep_alive_ = keep_alive_ && !answer.close && !streams_;
    header_ = build_header(answer, io::read_clocks().wall, keep_alive_);
    body_ = answer.head_only ? nullptr : std::move(answer.body);
    const boost::asio::const_buffer body = body_ ? boost::asio::buffer(*body_) : boost::asio::const_buffer();
    boost::asio::async_write(stream_, std::array<boost::asio::const_buffer, 2>{boost::asio::buffer(header_), body},
                             [self = shared_from_this()](error_code error, size_t) { self->on_written(error); });
  }

  void write(std::string piece) override {
    if (ended_) return;
    is_writing_ = true;
    header_ = std::move(piece);
    boost::asio::async_write(stream_, boost::asio::buffer(header_),
                             [self = shared_from_this()](error_code error, size_t) { self->on_written(error); });
  }

  void finish() override {
    if (ended_) return;
    is_finished_ = true;
    stream_.async_shutdown_send([self = shared_from_this()](error_code error) {
      if (error) self->end();
    });
  }

  // By a handler of its own: there may be no pending operation, as while an answer is awaited.
  void abort() override {
    stream_.close();
    boost::asio::post(stream_.get_executor(), [self = shared_from_this()] { self->end(); });
  }

 private:
  // ---- a request ----

  void read() {
    events_.on_phase(id_, HttpPhase::kRequest);
    parser_.emplace();
    parser_->header_limit(kHttpHeaderBytesMax);
    parser_->body_limit(boost::none);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, size_t) { self->on_read(error); });
  }

  void on_read(error_code error) {
    if (ended_) return;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return answer(refuse_request(431, "The request header is too long."));
    }
    if (error && is_malformed(error)) return answer(refuse_request(400, "This is not HTTP/1.1."));
    if (error) return end();
    keep_alive_ = parser_->keep_alive();
    RequestView view;
    const HttpRequest asked = view.read(*parser_);
    // A WebSocket client must not speak before it is answered (RFC 6455 §4.1).
    if (buffer_.size() > 0 && !asked.upgrade.empty())
      return answer(refuse_request(400, "Wait for the answer to the upgrade."));
    HttpReply reply = events_.on_request(id_, asked);
    if (auto* upgrade = std::get_if<UpgradeAccepted>(&reply)) {
      parser_.reset();
      ended_ = true;
      return events_.on_upgrade(id_, std::move(stream_), *upgrade);
    }
    if (const auto* wanted = std::get_if<BodyWanted>(&reply)) return read_body(wanted->bytes_max);
    parser_.reset();
    reply_with(std::move(reply));
  }

  void reply_with(HttpReply reply) {
    if (auto* now = std::get_if<HttpAnswer>(&reply)) return answer(std::move(*now));
    is_later_ = true;
    events_.on_phase(id_, HttpPhase::kLater);
    watch();
  }

  static bool is_malformed(error_code error) {
    return error.category() == make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
  }

  // RFC 9110 §10.1.1: a client that asks is told to go on.
  void read_body(size_t bytes_max) {
    events_.on_phase(id_, HttpPhase::kBody);
    if (parser_->content_length().value_or(0) > bytes_max) return refuse_body();
    const bool waits = parser_->get()[http::field::expect].size() > 0 && buffer_.size() == 0;
    body_parser_.emplace(std::move(*parser_));
    parser_.reset();
    body_parser_->body_limit(bytes_max);
    if (!waits) return read_body();
    boost::asio::async_write(
        stream_, boost::asio::buffer(kContinue),
        [self = shared_from_this()](error_code error, size_t) { error ? self->end() : self->read_body(); });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *body_parser_,
                     [self = shared_from_this()](error_code error, size_t) { self->on_body(error); });
  }

  void on_body(error_code error) {
    if (ended_) return;
    if (error == http::error::body_limit) return refuse_body();
    if (error && is_malformed(error)) return answer(refuse_request(400, "This is not HTTP/1.1."));
    if (error) return end();
    const auto bytes = body_parser_->get().body().cdata();
    std::string body(static_cast<const char*>(bytes.data()), bytes.size());
    body_parser_.reset();
    reply_with(events_.on_body(id_, std::move(body)));
  }

  void refuse_body() {
    body_parser_.reset();
    HttpAnswer refusal = events_.on_body_too_big(id_);
    refusal.close = true;
    answer(std::move(refusal));
  }

  // ---- its answer ----

  void on_written(error_code error) {
    is_writing_ = false;
    body_ = nullptr;
    if (error) return end();
    if (ended_) return;
    if (streams_) {
      events_.on_phase(id_, HttpPhase::kLater);
      watch();
      return events_.on_stream_ready(id_);
    }
    if (!keep_alive_) {
      if (is_watching_) return finish();
      return stream_.async_shutdown(kGoodbyeDeadline, [self = shared_from_this()](error_code) { self->end(); });
    }
    // What is watched for then is the next request.
    is_watching_ ? events_.on_phase(id_, HttpPhase::kRequest) : read();
  }

  // While nothing else reads: notices that the client leaves. What comes instead is the beginning of its next request.
  void watch() {
    if (is_watching_ || buffer_.size() > 0) return;
    is_watching_ = true;
    stream_.async_read_some(buffer_.prepare(kWatchBytes), [self = shared_from_this()](error_code error, size_t size) {
      self->is_watching_ = false;
      self->on_watched(error, size);
    });
  }

  void on_watched(error_code error, size_t size) {
    if (error) return end();
    if (streams_) return is_finished_ ? watch() : end();  // nothing can follow on this connection
    if (is_finished_) return watch();
    buffer_.commit(size);
    if (!is_later_ && !is_writing_) read();
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    stream_.close();
    events_.on_http_end(id_);
  }

  io::Stream stream_;
  const ConnectionId id_;
  HttpEvents& events_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<BodyParser> body_parser_;
  std::string header_;  // or a piece of a stream: what is being written
  std::shared_ptr<const std::string> body_;
  bool keep_alive_ = false;
  bool streams_ = false;
  bool is_later_ = false;  // the answer is awaited
  bool is_writing_ = false;
  bool is_watching_ = false;
  bool is_finished_ = false;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<HttpConnection> HttpConnection::serve(io::Stream stream, ConnectionId id, HttpEvents& events) {
  auto connection = std::make_shared<BeastHttpConnection>(std::move(stream), id, events);
  connection->start();
  return connection;
}

}  // namespace noom::signal
