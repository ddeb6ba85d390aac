// A blocking TURN client over UDP, TCP, TLS or DTLS for tests of the shell, with RFC 8656's long-term credentials.
// Waits time out after 20 s.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/credentials.h"
#include "common/base/secret.h"
#include "common/io/udp_socket.h"
#include "common/wire/message.h"
#include "common/wire/message_builder.h"
#include "tests/unit/common/io/dtls_peer.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::turn {

constexpr char kUser[] = "alice";
constexpr char kPassword[] = "wonderland";
constexpr char kRealm[] = "test.example";

// A peer, or the UDP side of a client: blocking, with a deadline.
class UdpSide {
 public:
  explicit UdpSide(const IpEndpoint& local);
  const IpEndpoint& local() const { return socket_.local(); }
  void connect(const IpEndpoint& to);  // then only that endpoint is heard
  bool send(std::string_view bytes);
  bool send_to(const IpEndpoint& to, std::string_view bytes);
  // nullopt past the deadline.
  std::optional<std::string> receive(IpEndpoint* from = nullptr);

 private:
  io::UdpSocket socket_;
};

class TurnClient {
 public:
  TurnClient(Transport transport, const IpEndpoint& server);
  ~TurnClient();

  io::TcpClient& stream() { return *stream_; }
  io::DtlsPeer& dtls() { return *dtls_; }
  // Ends the DTLS session, as destruction does.
  void say_goodbye();
  IpEndpoint local() const { return udp_ ? udp_->local() : stream_->local(); }

  // The relayed transport address, or nullopt with error() set.
  std::optional<IpEndpoint> allocate(Family family = Family::kV4);
  // The same, and the MOBILITY-TICKET that comes with it.
  std::optional<IpEndpoint> allocate_mobile(std::string& ticket);
  // Brings the ticket here; the next one, or nullopt with error() set.
  std::optional<std::string> move_here(const std::string& ticket);
  bool create_permission(const IpAddress& peer);
  bool channel_bind(uint16_t channel, const IpEndpoint& peer);
  bool refresh(uint32_t lifetime_s);
  // RFC 6062. The relayed transport address of a TCP allocation.
  std::optional<IpEndpoint> allocate_tcp();
  // The CONNECTION-ID.
  std::optional<uint32_t> connect_peer(const IpEndpoint& peer);
  // The CONNECTION-ID of the next ConnectionAttempt; other frames are passed over.
  std::optional<uint32_t> receive_attempt(IpEndpoint* peer = nullptr);
  // With the control connection's credentials; `behind` leaves in one write with the request.
  bool bind_connection(const TurnClient& control, uint32_t number, std::string_view behind = {});
  // After bind_connection: exactly that many bytes of the peer, or what came before the end.
  std::string receive_bytes(size_t size);

  // The mapped address.
  std::optional<IpEndpoint> binding();
  void send_channel(uint16_t channel, std::string_view payload);
  void send_indication(const IpEndpoint& peer, std::string_view payload);
  bool send_raw(std::string_view bytes);

  // The next ChannelData's payload; other frames are passed over. nullopt past the deadline or at the stream's end.
  std::optional<std::string> receive_channel(uint16_t channel);
  // The next Data indication's payload, likewise.
  std::optional<std::string> receive_data(IpEndpoint* peer = nullptr);
  // The next frame, whatever it is.
  std::optional<std::string> receive_frame();
  int error() const { return error_; }
  static std::string binding_request();

 private:
  template <typename Fill>
  std::optional<std::string> request(wire::Method method, Fill&& fill);
  template <typename Fill>
  std::optional<std::string> exchange(wire::Method method, Fill&& fill);

  void pass_dtls();

  std::optional<UdpSide> udp_;
  std::unique_ptr<io::DtlsPeer> dtls_;  // over udp_
  std::unique_ptr<io::TcpClient> stream_;
  std::string unread_;
  std::vector<std::string> unread_messages_;
  std::string behind_;  // sent behind the next request
  Secret key_;
  std::string nonce_;
  int error_ = 0;
};

}  // namespace noom::turn
