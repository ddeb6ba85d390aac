// The hub's place on the bus: what it says to other nodes goes out, what they and relays say goes in.
//
//   <prefix>.signal.all           heartbeats, to every other node
//   <prefix>.signal.node.<name>   what is for one node
//   <prefix>.signal.pass.<name>   requests of clients without WebSocket, for one node, and answers to them
//   <prefix>.turn.status          what relays say of themselves
//   <prefix>.turn.revoke          what relays are told; nodes hear each other, to say it again
#pragma once

#include <memory>
#include <string>

#include "common/bus/bus.h"
#include "signal/core/cluster/cluster.h"
#include "signal/core/hub.h"

namespace noom::signal {

struct ClusterOptions {
  NodeAddress self;
  std::string subject_prefix = "noom";
  ClusterSettings settings;
};

// What goes into the hub by the bus; the switchboard.
class BusUser {
 public:
  virtual void on_bus(bool is_connected) = 0;
  virtual void on_bus_frame(std::string_view bytes) = 0;
  virtual void on_passed(std::string_view bytes) = 0;
  virtual void on_revocation(const Revocation& revocation) = 0;
  virtual void on_relay_status(const RelayStatus& status) = 0;

 protected:
  ~BusUser() = default;
};

// On the thread that the bus posts to, from the first line to the last.
class HubBus {
 public:
  // `user` outlives it.
  HubBus(std::unique_ptr<bus::Bus> bus, const ClusterOptions& options, BusUser& user);

  // A frame that cannot be published is lost: links send again.
  void publish(const BusFrame& frame);
  // False when it cannot be published.
  bool pass(const NodeId& to, std::string bytes);
  // Ends what relays do under that name.
  void revoke(const Revocation& revocation);

 private:
  const std::string everyone_;
  const std::string node_prefix_;
  const std::string pass_prefix_;
  const std::string revoke_;
  std::unique_ptr<bus::Bus> bus_;
};

}  // namespace noom::signal
