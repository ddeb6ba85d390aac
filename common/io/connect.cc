#include "common/io/connect.h"

#include <boost/asio/post.hpp>
#include <cerrno>

#include "common/io/fd.h"
#include "common/io/listen_socket.h"
#include "common/io/socket_address.h"

namespace noom::io {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

asio::ip::tcp::endpoint to_asio(const IpEndpoint& endpoint) {
  asio::ip::tcp::endpoint result;
  SocketAddress address;
  result.resize(to_sockaddr(endpoint, address));
  std::memcpy(result.data(), &address, result.size());
  return result;
}

// Opened and bound.
error_code open(Stream::Socket& socket, const IpEndpoint& local) {
  const auto latest = [] { return error_code(errno, boost::system::system_category()); };
  Fd fd = new_socket(local.address.family(), SOCK_STREAM);
  if (!fd || !set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR) || !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT) ||
      !bind_to(fd.get(), local))
    return latest();
  error_code error;
  socket.assign(local.address.is_v4() ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), fd.get(), error);
  if (error) return error;
  fd.release();
  socket.native_non_blocking(true, error);
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  return {};
}

}  // namespace

void async_connect_from(Stream::Socket& socket, const IpEndpoint& local, const IpEndpoint& remote,
                        Stream::StatusHandler done) {
  const error_code error = local.address.family() == remote.address.family()
                               ? open(socket, local)
                               : error_code(asio::error::address_family_not_supported);
  if (error) return asio::post(socket.get_executor(), [error, done = std::move(done)]() mutable { done(error); });
  socket.async_connect(to_asio(remote), std::move(done));
}

}  // namespace noom::io
