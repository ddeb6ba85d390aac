// The client side of DTLS 1.2 over datagrams in memory. The certificate is not checked: tests make their own.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/time.h"

namespace noom::io {

struct DtlsPeerOptions {
  std::string alpn;  // in wire form
  long mtu = 1200;   // of handshake flights
};

class DtlsPeer {
 public:
  explicit DtlsPeer(const DtlsPeerOptions& options = {}) : context_(SSL_CTX_new(DTLS_client_method())) {
    ssl_ = SSL_new(context_);
    SSL_set_options(ssl_, SSL_OP_NO_QUERY_MTU | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_set_mtu(ssl_, options.mtu);
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned>(options.alpn.size()));
    }
    BIO* const bio = BIO_new(method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_connect_state(ssl_);
  }
  ~DtlsPeer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  DtlsPeer(const DtlsPeer&) = delete;
  DtlsPeer& operator=(const DtlsPeer&) = delete;

  SSL* ssl() { return ssl_; }
  // Begins, or goes on.
  void connect() { deliver({}); }
  void deliver(std::string_view datagram) {
    arrived_ = datagram;
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl_) && SSL_do_handshake(ssl_) != 1) return note_end();
    std::string message(20'000, '\0');
    for (;;) {
      const int got = SSL_read(ssl_, message.data(), static_cast<int>(message.size()));
      if (got <= 0) return note_end();
      messages_.emplace_back(message, 0, static_cast<size_t>(got));
    }
  }
  // What it has sent since the last call.
  std::vector<std::string> take() { return std::exchange(sent_, {}); }
  // The only datagram it has sent.
  std::string take_one() {
    auto all = take();
    return all.size() == 1 ? all[0] : std::to_string(all.size()) + " datagrams";
  }
  std::vector<std::string> messages() { return std::exchange(messages_, {}); }
  bool send(std::string_view message) {
    return SSL_write(ssl_, message.data(), static_cast<int>(message.size())) == static_cast<int>(message.size());
  }
  // The record of a message, without queueing it.
  std::string seal(std::string_view message) {
    auto before = take();
    send(message);
    std::string record = take_one();
    sent_ = std::move(before);
    return record;
  }
  void close() { SSL_shutdown(ssl_); }
  bool established() const { return SSL_is_init_finished(ssl_) == 1; }
  bool closed() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  bool failed() const { return failed_; }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // The server's certificate, to compare.
  std::string certificate() const {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509* const certificate = SSL_get0_peer_certificate(ssl_);
    if (certificate != nullptr) X509_digest(certificate, EVP_sha256(), digest, &size);
    return {reinterpret_cast<const char*>(digest), size};
  }
  std::optional<Duration> timeout() const {
    timeval left{};
    if (DTLSv1_get_timeout(ssl_, &left) != 1) return std::nullopt;
    return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  }
  void on_timeout() { DTLSv1_handle_timeout(ssl_); }

 private:
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams in memory");
      BIO_meth_set_write(method, [](BIO* bio, const char* from, int size) {
        static_cast<DtlsPeer*>(BIO_get_data(bio))->sent_.emplace_back(from, static_cast<size_t>(size));
        return size;
      });
      BIO_meth_set_read(method, [](BIO* bio, char* to, int size) {
        BIO_clear_retry_flags(bio);
        const std::string datagram = std::exchange(static_cast<DtlsPeer*>(BIO_get_data(bio))->arrived_, {});
        if (datagram.empty()) {
          BIO_set_retry_read(bio);
          return -1;
        }
        return static_cast<int>(datagram.copy(to, static_cast<size_t>(size)));
      });
      BIO_meth_set_ctrl(method, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
      return method;
    }();
    return made;
  }
  void note_end() { failed_ |= ERR_peek_error() != 0; }

  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  std::string arrived_;
  std::vector<std::string> sent_;
  std::vector<std::string> messages_;
  bool failed_ = false;
};

}  // namespace noom::io
