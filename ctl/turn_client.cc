#include "ctl/turn_client.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/auth/credentials.h"
#include "common/io/socket_address.h"

namespace noom::ctl {
namespace {

constexpr size_t kMessageBytesMax = 65'536;
constexpr uint32_t kUdpTransport = 17u << 24;  // RFC 8656 §18.8

absl::Status silence(const char* what) {
  return absl::UnavailableError(what);
}

}  // namespace

TurnClient::TurnClient(Carrier carrier, int socket, TurnLogin login)
    : carrier_(carrier), socket_(socket), login_(std::move(login)) {}

TurnClient::~TurnClient() {
  if (tls_ != nullptr) ::SSL_free(tls_);
  if (tls_context_ != nullptr) ::SSL_CTX_free(tls_context_);
  ::close(socket_);
}

absl::StatusOr<std::unique_ptr<TurnClient>> TurnClient::connect(Carrier carrier, const IpEndpoint& server,
                                                                TurnLogin login) {
  io::SocketAddress address{};
  const socklen_t size = io::to_sockaddr(server, address);
  const int kind = (carrier == Carrier::kUdp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC;
  const int socket = ::socket(address.generic.sa_family, kind, 0);
  if (socket < 0) return absl::UnavailableError(std::strerror(errno));
  std::unique_ptr<TurnClient> client(new TurnClient(carrier, socket, std::move(login)));
  const timeval patience{.tv_sec = kAnswerPatience_ms / 1000, .tv_usec = kAnswerPatience_ms % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket, &address.generic, size) != 0) return absl::UnavailableError(std::strerror(errno));
  if (carrier == Carrier::kTls) {
    if (absl::Status status = client->shake_hands(); !status.ok()) return status;
  }
  return client;
}

absl::Status TurnClient::shake_hands() {
  tls_context_ = ::SSL_CTX_new(::TLS_client_method());
  tls_ = tls_context_ == nullptr ? nullptr : ::SSL_new(tls_context_);
  if (tls_ == nullptr || ::SSL_set_fd(tls_, socket_) != 1) return absl::InternalError("no memory for TLS");
  return ::SSL_connect(tls_) == 1 ? absl::OkStatus() : silence("the TLS handshake failed");
}

wire::TransactionId TurnClient::draw_id() {
  wire::TransactionId id{};
  random_.fill(id);
  return id;
}

absl::StatusOr<IpEndpoint> TurnClient::allocate() {
  absl::Status status = request(wire::Method::kAllocate, [](wire::MessageBuilder& builder) {
    builder.u32(wire::Attr::kRequestedTransport, kUdpTransport);
  });
  if (!status.ok()) return status;
  const auto answer = wire::MessageView::parse(answer_);
  const auto relayed = answer ? answer->xor_address(wire::Attr::kXorRelayedAddress) : std::nullopt;
  if (!relayed) return absl::InternalError("a success without a relayed address");
  return *relayed;
}

absl::Status TurnClient::permit(const IpEndpoint& peer) {
  return request(wire::Method::kCreatePermission,
                 [&](wire::MessageBuilder& builder) { builder.xor_address(wire::Attr::kXorPeerAddress, peer); });
}

absl::Status TurnClient::send(const IpEndpoint& peer, std::string_view payload) {
  std::array<std::byte, 1024> room{};
  wire::MessageBuilder builder(room, wire::Method::kSend, wire::Class::kIndication, draw_id());
  builder.xor_address(wire::Attr::kXorPeerAddress, peer).text(wire::Attr::kData, payload);
  return write(builder.finish()) ? absl::OkStatus() : silence("the connection broke");
}

absl::StatusOr<std::string> TurnClient::receive() {
  while (const auto message = read()) {
    if (!message->is(wire::Method::kData, wire::Class::kIndication)) continue;
    if (const auto payload = message->text(wire::Attr::kData)) return std::string(*payload);
  }
  return silence("nothing came");
}

// RFC 8489 §9.2: without credentials at first, then with the realm and the nonce of the challenge.
absl::Status TurnClient::request(wire::Method method, const Fill& fill) {
  for (int attempt = 0;; ++attempt) {
    const wire::TransactionId id = draw_id();
    std::array<std::byte, 2048> room{};
    wire::MessageBuilder builder(room, method, wire::Class::kRequest, id);
    fill(builder);
    const bool signs = !nonce_.empty();
    if (signs) {
      const Secret key = auth::long_term_key_md5(login_.username, realm_, login_.password);
      builder.text(wire::Attr::kUsername, login_.username)
          .text(wire::Attr::kRealm, realm_)
          .text(wire::Attr::kNonce, nonce_)
          .message_integrity(key.bytes());
    }
    const auto answer = exchange(builder.finish(), id);
    if (!answer.ok()) return answer.status();
    if (answer->message_class() == wire::Class::kSuccess) return absl::OkStatus();
    const auto code = answer->error_code();
    if (!code) return absl::InternalError("an answer that is neither success nor error");
    const int number = static_cast<int>(*code);
    const bool challenge = (number == 401 && !signs) || number == 438;
    if (!challenge || attempt >= kAttempts) {
      if (number == 401) return absl::UnauthenticatedError("401");
      return absl::FailedPreconditionError(std::to_string(number));
    }
    realm_ = answer->text(wire::Attr::kRealm).value_or("");
    nonce_ = answer->text(wire::Attr::kNonce).value_or("");
    if (nonce_.empty()) return absl::InternalError("a challenge without a nonce");
  }
}

absl::StatusOr<wire::MessageView> TurnClient::exchange(Bytes message, const wire::TransactionId& id) {
  const int attempts = carrier_ == Carrier::kUdp ? kAttempts : 1;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (!write(message)) return silence(std::strerror(errno));
    while (const auto answer = read())
      if (answer->transaction_id() == id) return *answer;
  }
  return silence("no answer");
}

bool TurnClient::write(Bytes message) {
  if (tls_ != nullptr) return ::SSL_write(tls_, message.data(), static_cast<int>(message.size())) > 0;
  return ::send(socket_, message.data(), message.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(message.size());
}

ssize_t TurnClient::read_some(std::byte* to, size_t room) {
  if (tls_ != nullptr) return ::SSL_read(tls_, to, static_cast<int>(room));
  return ::recv(socket_, to, room, 0);
}

std::optional<wire::MessageView> TurnClient::read() {
  const auto whole = [this]() -> size_t {
    if (unread_.size() < wire::kHeaderSize) return 0;
    const size_t size =
        wire::kHeaderSize + (std::to_integer<size_t>(unread_[2]) << 8 | std::to_integer<size_t>(unread_[3]));
    return unread_.size() >= size ? size : 0;
  };
  if (carrier_ == Carrier::kUdp) unread_.clear();
  size_t size = whole();
  while (size == 0) {
    if (unread_.size() > kMessageBytesMax) return std::nullopt;
    const size_t before = unread_.size();
    unread_.resize(before + kMessageBytesMax);
    const ssize_t got = read_some(unread_.data() + before, kMessageBytesMax);
    unread_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) return std::nullopt;
    size = whole();
    if (carrier_ == Carrier::kUdp && size == 0) unread_.clear();
  }
  const auto end = unread_.begin() + static_cast<std::ptrdiff_t>(size);
  answer_.assign(unread_.begin(), end);
  unread_.erase(unread_.begin(), end);
  return wire::MessageView::parse(answer_);
}

}  // namespace noom::ctl
