#include "common/io/dtls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace noom::io {

namespace {

// Handshake flights are cut into datagrams that every path carries: IPv6's least MTU, with room for tunnels.
constexpr long kFlightDatagramBytes = 1200;

std::string_view take_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

}  // namespace

// A BIO of whole datagrams: one to read, or none; each write is one.
struct DtlsSession::Datagrams {
  static DtlsSession& of(BIO* bio) { return *static_cast<DtlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    if (const Send* const send = of(bio).send_)
      (*send)(Bytes(reinterpret_cast<const std::byte*>(from), static_cast<size_t>(size)));
    return size;
  }
  static int read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    const Bytes datagram = std::exchange(of(bio).arrived_, {});
    if (datagram.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t taken = std::min(datagram.size(), static_cast<size_t>(size));
    std::memcpy(to, datagram.data(), taken);
    return static_cast<int>(taken);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* open(DtlsSession* session) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams of a session");
      BIO_meth_set_write(made, write);
      BIO_meth_set_read(made, read);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    return bio;
  }
};

std::unique_ptr<DtlsSession> DtlsSession::accept(std::shared_ptr<const TlsContext> context, Bytes hello, Send send,
                                                 std::string_view& failure) {
  ERR_clear_error();
  std::unique_ptr<DtlsSession> session(new DtlsSession(std::move(context)));
  session->send_ = &send;
  const bool begun = session->begin(hello);
  session->send_ = nullptr;
  if (begun) return session;
  failure = session->failure_.empty() ? take_reason() : session->failure_;
  return nullptr;
}

bool DtlsSession::begin(Bytes hello) {
  ssl_ = context_->new_session();
  BIO* const bio = ssl_ == nullptr ? nullptr : Datagrams::open(this);
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
  SSL_set_mtu(ssl_, kFlightDatagramBytes);
  arrived_ = hello;
  // Makes OpenSSL go on where the cookie exchange, which it did not see, has ended: message 1, the record's number.
  BIO_ADDR* const unused = BIO_ADDR_new();
  const int listened = unused == nullptr ? -1 : DTLSv1_listen(ssl_, unused);
  BIO_ADDR_free(unused);
  arrived_ = {};
  if (listened != 1) return false;
  const int result = SSL_do_handshake(ssl_);
  return result == 1 || failed(result) == Event::kNone;
}

DtlsSession::~DtlsSession() {
  SSL_free(ssl_);
}

DtlsSession::Event DtlsSession::failed(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Event::kNone;
    case SSL_ERROR_ZERO_RETURN:
      return Event::kClosed;
    default:
      failure_ = take_reason();
      return Event::kFailed;
  }
}

DtlsSession::Event DtlsSession::read(MutableBytes room, size_t& size, Send send) {
  ERR_clear_error();
  if (SSL_alloc_buffers(ssl_) != 1) return failed(-1);
  send_ = &send;
  Event event = Event::kNone;
  if (!established_) {
    const int result = SSL_do_handshake(ssl_);
    established_ = result == 1;
    event = established_ ? Event::kEstablished : failed(result);
  } else {
    const int result = SSL_read_ex(ssl_, room.data(), room.size(), &size);
    event = result == 1 ? Event::kMessage : failed(result);
  }
  send_ = nullptr;
  if (event != Event::kEstablished && event != Event::kMessage) arrived_ = {};
  return event;
}

bool DtlsSession::write(Bytes message, Send send) {
  ERR_clear_error();
  if (SSL_alloc_buffers(ssl_) != 1) return false;
  send_ = &send;
  size_t written = 0;
  const int result = SSL_write_ex(ssl_, message.data(), message.size(), &written);
  send_ = nullptr;
  if (result == 1) return true;
  failed(result);
  return false;
}

void DtlsSession::close(Send send) {
  if (!established_) return;
  ERR_clear_error();
  if (SSL_alloc_buffers(ssl_) != 1) return;
  send_ = &send;
  SSL_shutdown(ssl_);
  send_ = nullptr;
  ERR_clear_error();
}

std::optional<Duration> DtlsSession::retransmit_after() const {
  timeval left{};
  if (DTLSv1_get_timeout(ssl_, &left) != 1) return std::nullopt;
  return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

bool DtlsSession::retransmit(Send send) {
  ERR_clear_error();
  if (SSL_alloc_buffers(ssl_) != 1) return false;
  send_ = &send;
  const bool lives = DTLSv1_handle_timeout(ssl_) >= 0;
  send_ = nullptr;
  if (!lives) failure_ = take_reason();
  return lives;
}

void DtlsSession::rest() {
  SSL_free_buffers(ssl_);
}

std::string_view DtlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool DtlsSession::began_with(const ClientHello& hello) const {
  std::array<unsigned char, 32> random;
  return SSL_get_client_random(ssl_, random.data(), random.size()) == random.size() &&
         hello.random.size() == random.size() && std::memcmp(random.data(), hello.random.data(), random.size()) == 0;
}

}  // namespace noom::io
