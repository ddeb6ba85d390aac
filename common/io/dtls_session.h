// One DTLS 1.2 association, server side, over datagrams that somebody else receives and sends. Which sessions there
// are, and who may have one, is its owner's. RFC 6347.
#pragma once

#include <absl/functional/function_ref.h>
#include <openssl/types.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/time.h"
#include "common/io/dtls_hello.h"
#include "common/io/tls_context.h"

namespace noom::io {

// Single-threaded. Keeps its TlsContext alive. Whatever is to leave is handed to `send` during the call, a datagram at
// a time, borrowed.
class DtlsSession {
 public:
  using Send = absl::FunctionRef<void(Bytes datagram)>;
  enum class Event : uint8_t {
    kNone,         // nothing more in the datagram
    kEstablished,  // once
    kMessage,      // a record of application data
    kClosed,       // the client said goodbye
    kFailed,       // over; see failure()
  };

  // `hello` begins with a ClientHello whose cookie has been accepted; answers it. nullptr when it cannot be served,
  // with `failure` saying why.
  static std::unique_ptr<DtlsSession> accept(std::shared_ptr<const TlsContext> context, Bytes hello, Send send,
                                             std::string_view& failure);
  ~DtlsSession();
  DtlsSession(const DtlsSession&) = delete;
  DtlsSession& operator=(const DtlsSession&) = delete;

  // Takes a datagram; then read() until kNone. Borrowed until the first read(), which may write its message over it.
  void arrive(Bytes datagram) { arrived_ = datagram; }
  // For kMessage, `size` bytes are in `room`, which is no smaller than the datagram less the messages read before.
  Event read(MutableBytes room, size_t& size, Send send);
  // One record of at most kDtlsMessageMax bytes, once established. False when the session is over.
  bool write(Bytes message, Send send);
  // Says goodbye (close_notify), where there is somebody to say it to.
  void close(Send send);

  // How long until the handshake's last flight must be sent again; nullopt when none is under way. OpenSSL's own clock.
  std::optional<Duration> retransmit_after() const;
  // Sends it again if it is time. False when the client has been given up.
  bool retransmit(Send send);

  // Gives back the record buffers, 34 KB, until the next call.
  void rest();

  bool established() const { return established_; }
  // The protocol agreed on by ALPN; empty for none.
  std::string_view alpn() const;
  // Whether the session was made by this ClientHello, or the one whose cookie it proves.
  bool began_with(const ClientHello& hello) const;
  std::string_view failure() const { return failure_; }

 private:
  struct Datagrams;  // the BIO's methods

  explicit DtlsSession(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}
  bool begin(Bytes hello);
  Event failed(int result);

  std::shared_ptr<const TlsContext> context_;
  SSL* ssl_ = nullptr;
  Bytes arrived_;               // what the BIO reads next
  const Send* send_ = nullptr;  // where it writes, during a call
  std::string_view failure_;    // OpenSSL's, static
  bool established_ = false;
};

}  // namespace noom::io
