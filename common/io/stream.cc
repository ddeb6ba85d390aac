#include "common/io/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "common/io/fd.h"
#include "common/io/socket_address.h"
#include "common/io/socket_bio.h"
#include "common/io/stream_front.h"

namespace noom::io {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         Stream::executor_type>;

Stream::Socket::wait_type to_wait(const Outcome& outcome) {
  return outcome.for_write ? Stream::Socket::wait_write : Stream::Socket::wait_read;
}

// One TLS record: writes of several buffers (Beast's header and payload) leave as one.
constexpr size_t kRecordBytes = 16 * 1024;

}  // namespace

struct Stream::Detached::State {
  ~State() { SSL_free(ssl); }

  Fd fd;
  std::shared_ptr<const TlsContext> context;
  SSL* ssl = nullptr;
  IpEndpoint remote;
  IpEndpoint local;
};

struct Stream::Impl : std::enable_shared_from_this<Impl> {
  Impl(Socket s, StreamOpening opening);
  Impl(asio::io_context& io, Detached::State& from);
  ~Impl() { SSL_free(ssl); }

  void complete(Handler done, error_code error, size_t size) {
    asio::post(socket.get_executor(), [done = std::move(done), error, size]() mutable { done(error, size); });
  }
  void tls_read(asio::mutable_buffer buffer, Handler done, bool initiating);
  void tls_write(const Gather& gather, Handler done, bool initiating);
  void start_tls();
  // nullopt once it is read, or when there is none.
  std::optional<Outcome> read_front();
  Outcome advance();
  void handshake(StatusHandler done);
  void shutdown_send(StatusHandler done);
  void discard(StatusHandler done);
  void set_deadline(Duration deadline);
  void clear_deadline();
  void close();

  Socket socket;
  std::shared_ptr<const TlsContext> context;
  std::unique_ptr<StreamFront> front;  // until it is read
  SSL* ssl = nullptr;
  bool tls = false;
  bool open = true;
  bool timed_out = false;
  uint32_t deadline_generation = 0;
  std::optional<Timer> timer;
  IpEndpoint remote;
  IpEndpoint local;
};

Stream::Impl::Impl(Socket s, StreamOpening opening) : socket(std::move(s)), context(std::move(opening.tls)) {
  error_code ignored;
  socket.native_non_blocking(true, ignored);
  local = bound_endpoint(socket.native_handle());
  remote = peer_endpoint(socket.native_handle());
  const bool or_plain = context != nullptr && opening.or_plain;
  if (opening.preamble != nullptr || or_plain) front = std::make_unique<StreamFront>(opening.preamble, or_plain);
  if (context != nullptr && front == nullptr) start_tls();
}

void Stream::Impl::start_tls() {
  tls = true;
  ssl = context->new_session();
  BIO* bio = ssl == nullptr ? nullptr : new_socket_bio(socket.native_handle());
  if (bio == nullptr) {
    close();
    return;
  }
  SSL_set_bio(ssl, bio, bio);
  SSL_set_accept_state(ssl);
}

// The TLS session works on the descriptor, which stays the same.
Stream::Impl::Impl(asio::io_context& io, Detached::State& from)
    : socket(io),
      context(std::move(from.context)),
      ssl(std::exchange(from.ssl, nullptr)),
      tls(ssl != nullptr),
      remote(from.remote),
      local(from.local) {
  error_code error;
  // A proxy may have named endpoints of the other family.
  const bool is_v4 = bound_endpoint(from.fd.get()).address.is_v4();
  socket.assign(is_v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), from.fd.get(), error);
  if (error) {
    close();
    return;
  }
  from.fd.release();
  socket.native_non_blocking(true, error);
}

void Stream::Impl::close() {
  if (!open) return;
  open = false;
  clear_deadline();
  error_code ignored;
  socket.close(ignored);
  SSL_free(ssl);
  ssl = nullptr;
}

void Stream::Impl::set_deadline(Duration deadline) {
  timer.emplace(socket.get_executor(), std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline));
  timer->async_wait([self = shared_from_this(), generation = ++deadline_generation](error_code error) {
    if (error || generation != self->deadline_generation) return;
    self->timed_out = true;
    self->close();
  });
}

void Stream::Impl::clear_deadline() {
  ++deadline_generation;
  timer.reset();
}

void Stream::Impl::tls_read(asio::mutable_buffer buffer, Handler done, bool initiating) {
  error_code error = asio::error::operation_aborted;
  size_t size = 0;
  if (open) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_read_ex(ssl, buffer.data(), buffer.size(), &size);
    error = {};
    if (result != 1) {
      const Outcome outcome = to_outcome(ssl, result);
      if (outcome.again) {
        return socket.async_wait(to_wait(outcome),
                                 [self = shared_from_this(), buffer, done = std::move(done)](error_code e) mutable {
                                   e ? done(e, 0) : self->tls_read(buffer, std::move(done), false);
                                 });
      }
      error = outcome.error;
    }
  }
  initiating ? complete(std::move(done), error, size) : done(error, size);
}

void Stream::Impl::tls_write(const Gather& gather, Handler done, bool initiating) {
  error_code error = asio::error::operation_aborted;
  size_t size = 0;
  if (open) {
    asio::const_buffer from = gather.buffers[0];
    static thread_local std::array<std::byte, kRecordBytes> record;
    if (gather.count > 1) {
      from =
          asio::buffer(record, asio::buffer_copy(asio::buffer(record), std::span(gather.buffers).first(gather.count)));
    }
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write_ex(ssl, from.data(), from.size(), &size);
    error = {};
    if (result != 1) {
      const Outcome outcome = to_outcome(ssl, result);
      if (outcome.again) {
        return socket.async_wait(to_wait(outcome),
                                 [self = shared_from_this(), gather, done = std::move(done)](error_code e) mutable {
                                   e ? done(e, 0) : self->tls_write(gather, std::move(done), false);
                                 });
      }
      error = outcome.error;
    }
  }
  initiating ? complete(std::move(done), error, size) : done(error, size);
}

// What stands before TLS, or before the connection's own bytes; then it is known which of the two they are.
std::optional<Outcome> Stream::Impl::read_front() {
  if (front == nullptr) return std::nullopt;
  const StreamFront::Result result = front->read(socket.native_handle());
  if (result.again) return Outcome{.again = true, .error = {}};
  if (result.error) return Outcome{.error = result.error};
  if (result.endpoints) {
    remote = result.endpoints->remote;
    local = result.endpoints->local;
  }
  const bool plain = result.plain || context == nullptr;
  front.reset();
  if (!plain) start_tls();
  return std::nullopt;
}

Outcome Stream::Impl::advance() {
  if (const auto outcome = read_front()) return *outcome;
  if (!open) return {.error = asio::error::no_memory};
  if (!tls) return {.error = {}};
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl);
  return result == 1 ? Outcome{.error = {}} : to_outcome(ssl, result);
}

void Stream::Impl::handshake(StatusHandler done) {
  error_code error = timed_out ? error_code(asio::error::timed_out) : error_code(asio::error::operation_aborted);
  if (open) {
    const Outcome outcome = advance();
    if (outcome.again) {
      return socket.async_wait(to_wait(outcome), [self = shared_from_this(), done = std::move(done)](
                                                     error_code) mutable { self->handshake(std::move(done)); });
    }
    error = outcome.error;
    clear_deadline();
  }
  done(error);
}

void Stream::Impl::shutdown_send(StatusHandler done) {
  error_code error = asio::error::operation_aborted;
  if (open) {
    error = {};
    if (tls) {
      ERR_clear_error();
      errno = 0;
      const int result = SSL_shutdown(ssl);
      if (result < 0) {
        const Outcome outcome = to_outcome(ssl, result);
        if (outcome.again) {
          return socket.async_wait(to_wait(outcome), [self = shared_from_this(), done = std::move(done)](
                                                         error_code) mutable { self->shutdown_send(std::move(done)); });
        }
        error = outcome.error;
      }
    }
    if (!error) socket.shutdown(Socket::shutdown_send, error);
  }
  done(error);
}

// A little at a time: a peer that goes on sending must not keep the shard, nor its deadline from firing.
void Stream::Impl::discard(StatusHandler done) {
  static thread_local std::array<std::byte, kRecordBytes> scratch;
  if (open) {
    const ssize_t got = ::recv(socket.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    const bool more = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (more) {
      return socket.async_wait(Socket::wait_read, [self = shared_from_this(), done = std::move(done)](
                                                      error_code) mutable { self->discard(std::move(done)); });
    }
    close();
  }
  done(timed_out ? error_code(asio::error::timed_out) : error_code());
}

Stream::Stream(Socket socket) : Stream(std::move(socket), StreamOpening()) {}
Stream::Stream(Socket socket, std::shared_ptr<const TlsContext> context)
    : Stream(std::move(socket), StreamOpening{.tls = std::move(context)}) {}
Stream::Stream(Socket socket, StreamOpening opening)
    : impl_(std::make_shared<Impl>(std::move(socket), std::move(opening))) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    if (impl_ != nullptr) impl_->close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
Stream::~Stream() {
  if (impl_ != nullptr) impl_->close();
}

Stream::executor_type Stream::get_executor() {
  return impl_->socket.get_executor();
}
Stream::Socket& Stream::socket() {
  return impl_->socket;
}
const Stream::Socket& Stream::socket() const {
  return impl_->socket;
}
bool Stream::is_tls() const {
  return impl_->tls;
}
bool Stream::is_open() const {
  return impl_->open;
}
bool Stream::has_tls_begun() const {
  return impl_->ssl != nullptr && BIO_number_read(SSL_get_rbio(impl_->ssl)) > 0;
}
const IpEndpoint& Stream::remote() const {
  return impl_->remote;
}
const IpEndpoint& Stream::local() const {
  return impl_->local;
}

std::string_view Stream::alpn() const {
  if (impl_->ssl == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

void Stream::async_handshake(Duration deadline, StatusHandler done) {
  const bool at_once = !impl_->tls && impl_->front == nullptr;
  if (!at_once && impl_->open) impl_->set_deadline(deadline);
  asio::post(get_executor(), [impl = impl_, at_once, done = std::move(done)]() mutable {
    if (at_once) return done(error_code());
    impl->handshake(std::move(done));
  });
}

void Stream::async_shutdown(Duration deadline, StatusHandler done) {
  if (impl_->open) {
    error_code ignored;
    impl_->socket.cancel(ignored);
    if (impl_->ssl != nullptr && SSL_is_init_finished(impl_->ssl)) {
      ERR_clear_error();
      SSL_shutdown(impl_->ssl);  // once, as far as the send buffer has room
      ERR_clear_error();
    }
    impl_->socket.shutdown(Socket::shutdown_send, ignored);
    impl_->set_deadline(deadline);
  }
  asio::post(get_executor(), [impl = impl_, done = std::move(done)]() mutable { impl->discard(std::move(done)); });
}

void Stream::async_shutdown_send(StatusHandler done) {
  asio::post(get_executor(),
             [impl = impl_, done = std::move(done)]() mutable { impl->shutdown_send(std::move(done)); });
}

void Stream::close() {
  impl_->close();
}

void Stream::abort() {
  error_code ignored;
  if (impl_->open) impl_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  impl_->close();
}

Stream::Detached::Detached(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream::Detached::Detached(Detached&&) noexcept = default;
Stream::Detached& Stream::Detached::operator=(Detached&&) noexcept = default;
Stream::Detached::~Detached() = default;

Stream::Detached Stream::Detached::plain(Fd fd, const IpEndpoint& remote, const IpEndpoint& local) {
  auto state = std::make_unique<State>();
  state->fd = std::move(fd);
  state->remote = remote;
  state->local = local;
  return Detached(std::move(state));
}

Stream::Stream(asio::io_context& context, Detached detached)
    : impl_(std::make_shared<Impl>(context, *detached.state_)) {}

Stream::Detached Stream::detach() {
  auto state = std::make_unique<Detached::State>();
  error_code error;
  state->fd = Fd(impl_->socket.release(error));
  state->context = impl_->context;
  state->ssl = std::exchange(impl_->ssl, nullptr);
  state->remote = impl_->remote;
  state->local = impl_->local;
  impl_->close();
  return Detached(std::move(state));
}

void Stream::start_read(asio::mutable_buffer buffer, Handler done) {
  if (buffer.size() == 0) return impl_->complete(std::move(done), {}, 0);
  if (impl_->tls) return impl_->tls_read(buffer, std::move(done), true);
  impl_->socket.async_read_some(buffer, std::move(done));
}

void Stream::start_write(const Gather& gather, Handler done) {
  if (gather.count == 0) return impl_->complete(std::move(done), {}, 0);
  if (impl_->tls) return impl_->tls_write(gather, std::move(done), true);
  impl_->socket.async_write_some(gather, std::move(done));
}

}  // namespace noom::io
