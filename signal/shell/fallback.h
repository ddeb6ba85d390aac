// Sessions over plain HTTP: opens them, and finds the one that a POST or a poll is for. The connection's name is the
// client's secret; its first part tells which node it belongs to.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <string>

#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "signal/shell/carrier.h"
#include "signal/shell/fallback_request.h"
#include "signal/shell/http_carrier.h"
#include "signal/shell/http_connection.h"
#include "signal/shell/shell_stats.h"
#include "signal/shell/switchboard.h"

namespace noom::signal {

constexpr size_t kPostsComingMax = 8;                    // of one client, whose bodies are being received
constexpr size_t kPostsHeldBytesMax = 16 * 1024 * 1024;  // of all clients, that came before their turn

// Single-threaded. References outlive it. Events are passed on to the switchboard.
class Fallback final : public CarrierEvents {
 public:
  // Runs its argument on the shard's thread, later.
  using Later = std::function<void(std::function<void()>)>;

  Fallback(Switchboard& board, const CarrierLimits& limits, Random& random, ShellStats& stats, Later later);

  // `connection` is what asks, and `http` its connection.
  HttpReply on_request(ConnectionId connection, const std::shared_ptr<HttpConnection>& http, const IpAddress& client,
                       const FallbackRequest& asked);
  HttpAnswer on_body(ConnectionId connection, std::string body);
  HttpAnswer on_body_too_big(ConnectionId connection);
  void on_stream_ready(ConnectionId connection);
  // A poll that waits; false when the connection has none.
  bool on_wait_over(ConnectionId connection);
  // The connection begins to answer what it was asked.
  void on_answer(ConnectionId connection);
  void on_http_end(ConnectionId connection);
  // Whether the connection's answer is an event stream.
  bool is_streaming(ConnectionId connection) const;

  void on_accepted(CarrierId id) override { board_.on_accepted(id); }
  void on_text(CarrierId id, std::string_view text) override { board_.on_text(id, text); }
  void on_binary(CarrierId id) override { board_.on_binary(id); }
  void on_oversize(CarrierId id) override { board_.on_oversize(id); }
  void on_alive(CarrierId id) override { board_.on_alive(id); }
  void on_end(CarrierId id, size_t label) override;

 private:
  // What a connection is doing for a carrier, from its request to its answer.
  struct Use {
    std::shared_ptr<HttpCarrier> carrier;
    CarrierKind kind = CarrierKind::kSse;
    uint64_t post = 0;  // 0: it answers the carrier
    std::string cors;
  };

  HttpReply open(ConnectionId connection, const std::shared_ptr<HttpConnection>& http, const IpAddress& client,
                 const FallbackRequest& asked);
  HttpReply refuse_unknown(const FallbackRequest& asked);
  std::string draw(size_t bytes);
  Use end_post(ConnectionId connection);

  Switchboard& board_;
  const CarrierLimits& limits_;
  Random& random_;
  ShellStats& stats_;
  const Later later_;
  const std::string node_;
  absl::flat_hash_map<std::string, std::shared_ptr<HttpCarrier>> carriers_;  // by name; never iterated
  absl::flat_hash_map<uint32_t, std::string> names_;                         // by carrier index
  absl::flat_hash_map<uint32_t, Use> uses_;                                  // by connection index
  size_t held_bytes_ = 0;
};

}  // namespace noom::signal
