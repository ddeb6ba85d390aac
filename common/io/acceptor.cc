#include "common/io/acceptor.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

#include "common/io/fd.h"
#include "common/io/inherited_sockets.h"
#include "common/io/listen_socket.h"
#include "common/io/socket_address.h"

namespace noom::io {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kPause{
    100};  // long enough not to spin, short against a client's connection time-out

bool out_of_resources(const error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space || error == boost::system::errc::too_many_files_open_in_system;
}

absl::StatusOr<Fd> listening_socket(const IpEndpoint& local, const AcceptorOptions& options) {
  Fd fd = new_socket(local.address.family(), SOCK_STREAM);
  if (!fd) return listen_error(Transport::kTcp, local, errno);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (options.reuse_port && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT)) {
    return listen_error(Transport::kTcp, local, errno);
  }
  if (!bind_to(fd.get(), local)) return listen_error(Transport::kTcp, local, errno);
  // After bind, which has made sure that nobody else is there.
  if (options.connects && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT)) {
    return listen_error(Transport::kTcp, local, errno);
  }
  if (::listen(fd.get(), options.backlog) != 0) return listen_error(Transport::kTcp, local, errno);
  return fd;
}

}  // namespace

struct Acceptor::State : std::enable_shared_from_this<State> {
  using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  explicit State(asio::io_context& context) : acceptor(context), timer(context) {}
  void accept();
  void on_accept(const error_code& error, Stream::Socket socket);

  TcpAcceptor acceptor;
  Timer timer;
  IpEndpoint local;
  Handler handler;
  AcceptorStats stats;
  bool running = false;
};

void Acceptor::State::accept() {
  acceptor.async_accept([self = shared_from_this()](error_code error, Stream::Socket socket) {
    if (self->running) self->on_accept(error, std::move(socket));
  });
}

void Acceptor::State::on_accept(const error_code& error, Stream::Socket socket) {
  if (out_of_resources(error)) {
    stats.paused.add();
    timer.expires_after(kPause);
    timer.async_wait([self = shared_from_this()](error_code) {
      if (self->running) self->accept();
    });
    return;
  }
  if (error) {
    stats.failed.add();
    return accept();
  }
  stats.accepted.add();
  error_code ignored;
  socket.native_non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  handler(std::move(socket));
  if (running) accept();
}

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::open(asio::io_context& context, const IpEndpoint& local,
                                                         const AcceptorOptions& options) {
  absl::StatusOr<Fd> fd = options.connects ? Fd() : take_inherited(Transport::kTcp, local);
  if (fd.ok() && !*fd) fd = listening_socket(local, options);
  if (!fd.ok()) return fd.status();
  auto state = std::make_shared<State>(context);
  state->local = bound_endpoint(fd->get());
  error_code error;
  state->acceptor.assign(local.address.is_v4() ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), fd->get(), error);
  if (error) return listen_error(Transport::kTcp, local, error.value());
  fd->release();
  state->acceptor.native_non_blocking(true, error);
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(state)));
}

Acceptor::Acceptor(std::shared_ptr<State> state) : state_(std::move(state)) {}
Acceptor::~Acceptor() {
  stop();
}

const IpEndpoint& Acceptor::local() const {
  return state_->local;
}
const AcceptorStats& Acceptor::stats() const {
  return state_->stats;
}

void Acceptor::start(Handler handler) {
  state_->handler = std::move(handler);
  state_->running = true;
  state_->accept();
}

void Acceptor::pause() {
  state_->running = false;
  error_code ignored;
  state_->acceptor.cancel(ignored);
  state_->timer.cancel();
}

int Acceptor::fd() const {
  return state_->acceptor.native_handle();
}

void Acceptor::stop() {
  state_->running = false;
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->timer.cancel();
}

}  // namespace noom::io
