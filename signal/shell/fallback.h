// Sessions over plain HTTP: opens them, and finds the one that a POST or a poll is for, here or at another node.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <string>

#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "signal/shell/carrier.h"
#include "signal/shell/carrier_names.h"
#include "signal/shell/fallback_request.h"
#include "signal/shell/forwarding.h"
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

  // `key` proves the names of connections, at all nodes alike.
  Fallback(Switchboard& board, const CarrierLimits& limits, const Secret& key, Random& random, ShellStats& stats,
           Later later);
  // This process is one node of several. Before any request.
  void join_cluster(const NodeAddress& self);

  // `connection` is what asks, and `http` its connection.
  HttpReply on_request(ConnectionId connection, const std::shared_ptr<HttpConnection>& http, const IpAddress& client,
                       const FallbackRequest& asked);
  HttpReply on_body(ConnectionId connection, std::string body);
  HttpAnswer on_body_too_big(ConnectionId connection);
  void on_stream_ready(ConnectionId connection);
  // For an answer that is to come later.
  Duration patience(ConnectionId connection, Duration poll_wait) const;
  // That is over; false when the connection waits for none.
  bool on_wait_over(ConnectionId connection);
  // The connection begins to answer what it was asked.
  void on_answer(ConnectionId connection);
  void on_http_end(ConnectionId connection);
  // From the Fallback of another node.
  void on_passed(std::string_view bytes);
  // Others have come or gone.
  void on_nodes_changed();
  // Whether the connection's answer is an event stream.
  bool is_streaming(ConnectionId connection) const;

  void on_accepted(CarrierId id) override { board_.on_accepted(id); }
  void on_text(CarrierId id, std::string_view text) override { board_.on_text(id, text); }
  void on_binary(CarrierId id) override { board_.on_binary(id); }
  void on_oversize(CarrierId id) override { board_.on_oversize(id); }
  void on_alive(CarrierId id) override { board_.on_alive(id); }
  void on_deaf(CarrierId id) override { board_.on_deaf(id); }
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
  // Nobody here has the connection that is asked for.
  HttpReply ask_elsewhere(ConnectionId connection, const std::shared_ptr<HttpConnection>& http,
                          const FallbackRequest& asked);
  HttpAnswer take_post(HttpCarrier& carrier, uint64_t number, std::string body, const std::string& cors);
  HttpReply answer_passed(const PassedRequest& request);
  void answer_node(const PassedRequest& request, const HttpAnswer& answer);
  Use end_post(ConnectionId connection);

  Switchboard& board_;
  const CarrierLimits& limits_;
  ShellStats& stats_;
  const Later later_;
  CarrierNames carrier_names_;
  Forwarding forwarding_;
  absl::flat_hash_map<std::string, std::shared_ptr<HttpCarrier>> carriers_;  // by name; never iterated
  absl::flat_hash_map<uint32_t, std::string> names_;                         // by carrier index
  absl::flat_hash_map<uint32_t, Use> uses_;                                  // by connection index
  size_t held_bytes_ = 0;
};

}  // namespace noom::signal
