// Requests of clients without WebSocket that have come to a node which does not have their connection: passed on to the
// node that has it, and answered with what that one says. A load balancer may so send each request to any node, and
// sessions stay where they are. Bounded: kForwardsMax requests are under way, of which kForwardsOfOneMax for one
// connection.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "signal/core/cluster/node_id.h"
#include "signal/shell/fallback_request.h"
#include "signal/shell/http_connection.h"
#include "signal/shell/passed_request.h"
#include "signal/shell/shell_stats.h"

namespace noom::signal {

constexpr size_t kForwardsMax = 2048;
constexpr size_t kForwardsOfOneMax = 12;
constexpr Duration kForwardPatience = std::chrono::seconds(5);  // with the other node's answer to a POST

// Single-threaded. References outlive it.
class Forwarding {
 public:
  // False: the bus does not take it.
  using Publish = std::function<bool(const NodeId& to, std::string bytes)>;

  Forwarding(Random& random, ShellStats& stats) : stats_(stats), next_id_(random.below(UINT32_MAX) + uint64_t{1}) {}
  // Before anything else: this node's name, and the way to the others.
  void use(NodeId self, Publish publish);

  // `to` has the asked connection.
  HttpReply on_request(ConnectionId connection, const std::shared_ptr<HttpConnection>& http,
                       const FallbackRequest& asked, NodeId to, size_t body_bytes_max);
  // Whether the connection waits for another node's answer, or is sending a body for it.
  bool holds(ConnectionId connection) const { return forwards_.contains(connection.index); }
  bool is_waiting(ConnectionId connection) const;
  HttpReply on_body(ConnectionId connection, std::string body);
  HttpAnswer on_body_too_big(ConnectionId connection);
  // It is_waiting, and has waited long enough.
  void on_wait_over(ConnectionId connection);
  Duration patience(ConnectionId connection, Duration poll_wait) const;
  // It is being answered, or gone.
  void forget(ConnectionId connection);

  void on_answer(const PassedAnswer& answer);
  // Those that wait for a node which is gone: the client is to open another connection.
  void drop(const std::function<bool(const NodeId&)>& is_gone);

 private:
  struct Forward {
    uint64_t id = 0;
    ConnectionId connection;
    std::shared_ptr<HttpConnection> http;
    FallbackRequest asked;
    NodeId to;
    size_t body_bytes_max = 0;
  };
  bool pass_on(const Forward& forward, PassedRequest::What what, std::string body);

  ShellStats& stats_;
  NodeId self_;
  Publish publish_;
  uint64_t next_id_;
  absl::flat_hash_map<uint32_t, Forward> forwards_;  // by connection index
  absl::flat_hash_map<uint64_t, uint32_t> waiting_;  // connection indexes by id; asked, not answered
  absl::flat_hash_map<std::string, size_t> of_one_;  // how many, by the client's connection
};

}  // namespace noom::signal
