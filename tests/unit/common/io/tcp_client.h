// A blocking TCP or TLS client for tests, to be used from a thread of its own. Calls time out after 20 s.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string>

#include "common/io/fd.h"
#include "common/io/socket_address.h"

namespace noom::io {

class TcpClient {
 public:
  enum class Tls { kNo, kYes };

  explicit TcpClient(const IpEndpoint& server) {
    fd_ = Fd(::socket(server.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    SocketAddress address;
    const socklen_t size = to_sockaddr(server, address);
    connected_ = ::connect(fd_.get(), &address.generic, size) == 0;
  }
  ~TcpClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  SSL* ssl() { return ssl_; }
  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }
  IpEndpoint local() const { return bound_endpoint(fd_.get()); }

  // Without checking the certificate: tests make their own. `alpn` in wire form.
  bool handshake(const std::string& alpn = {}) {
    context_ = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_.get());
    if (!alpn.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
    }
    return SSL_connect(ssl_) == 1;
  }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ssl_ != nullptr ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                                           : ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Exactly `size` bytes, or what came before the end.
  std::string receive(size_t size) {
    std::string text(size, '\0');
    size_t got = 0;
    while (got < size) {
      const ssize_t step = ssl_ != nullptr ? SSL_read(ssl_, text.data() + got, static_cast<int>(size - got))
                                           : ::recv(fd_.get(), text.data() + got, size - got, 0);
      if (step <= 0) break;
      got += static_cast<size_t>(step);
    }
    text.resize(got);
    return text;
  }
  // What is there, at least a byte; empty at the end.
  std::string receive_some() {
    std::string text(64 * 1024, '\0');
    const ssize_t got = ssl_ != nullptr ? SSL_read(ssl_, text.data(), static_cast<int>(text.size()))
                                        : ::recv(fd_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }
  // True when the server's end was announced (TLS: by close_notify).
  bool at_clean_end() {
    char byte;
    if (ssl_ == nullptr) return ::recv(fd_.get(), &byte, 1, 0) == 0;
    const int result = SSL_read(ssl_, &byte, 1);
    return SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN;
  }
  void close() { fd_.reset(); }

 private:
  Fd fd_;
  bool connected_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
};

}  // namespace noom::io
