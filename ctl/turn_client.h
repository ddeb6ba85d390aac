// A TURN client that waits (RFC 8656 over UDP, TCP and TLS): what `doctor` proves a relay with. One object is one
// five-tuple. The server's certificate is looked at, not believed or refused.
#pragma once

#include <absl/status/statusor.h>
#include <openssl/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"
#include "common/io/system_random.h"
#include "common/wire/message.h"
#include "common/wire/message_builder.h"

namespace noom::ctl {

enum class Carrier : uint8_t { kUdp, kTcp, kTls };

struct TurnLogin {
  std::string username;
  std::string password;
};

constexpr int kAnswerPatience_ms = 3000;  // for an answer, over UDP to each of the attempts
constexpr int kAttempts = 2;              // over UDP

// Errors: Unavailable, nobody answers there; Unauthenticated, 401 to credentials; FailedPrecondition, another refusal:
// "508 (Insufficient Capacity)"; Internal, an answer that makes no sense.
class TurnClient {
 public:
  static absl::StatusOr<std::unique_ptr<TurnClient>> connect(Carrier carrier, const IpEndpoint& server,
                                                             TurnLogin login);
  ~TurnClient();
  TurnClient(const TurnClient&) = delete;
  TurnClient& operator=(const TurnClient&) = delete;

  absl::StatusOr<IpEndpoint> allocate();  // the relayed transport address
  absl::Status permit(const IpEndpoint& peer);
  absl::Status send(const IpEndpoint& peer, std::string_view payload);  // a Send indication
  absl::StatusOr<std::string> receive();                                // the payload of the next Data indication

 private:
  using Fill = std::function<void(wire::MessageBuilder&)>;
  TurnClient(Carrier carrier, int socket, TurnLogin login);
  absl::Status shake_hands();
  absl::Status request(wire::Method method, const Fill& fill);
  // Into answer_; nullopt: nothing came in time.
  absl::StatusOr<wire::MessageView> exchange(Bytes message, const wire::TransactionId& id);
  bool write(Bytes message);
  std::optional<wire::MessageView> read();  // one message
  ssize_t read_some(std::byte* to, size_t room);
  wire::TransactionId draw_id();

  Carrier carrier_;
  int socket_;
  TurnLogin login_;
  SSL_CTX* tls_context_ = nullptr;
  SSL* tls_ = nullptr;
  io::SystemRandom random_;
  std::string realm_;
  std::string nonce_;
  std::vector<std::byte> unread_;
  std::vector<std::byte> answer_;
};

}  // namespace noom::ctl
