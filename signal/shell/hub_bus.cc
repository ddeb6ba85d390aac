#include "signal/shell/hub_bus.h"

#include <utility>

#include "signal/core/relay_status.h"

namespace noom::signal {

HubBus::HubBus(std::unique_ptr<bus::Bus> bus, const ClusterOptions& options, BusUser& user)
    : everyone_(options.subject_prefix + ".signal.all"),
      node_prefix_(options.subject_prefix + ".signal.node."),
      pass_prefix_(options.subject_prefix + ".signal.pass."),
      revoke_(options.subject_prefix + ".turn.revoke"),
      bus_(std::move(bus)) {
  const auto take = [&user](std::string_view bytes) { user.on_bus_frame(bytes); };
  bus_->subscribe(everyone_, take);
  bus_->subscribe(node_prefix_ + options.self.node, take);
  bus_->subscribe(pass_prefix_ + options.self.node, [&user](std::string_view bytes) { user.on_passed(bytes); });
  bus_->subscribe(options.subject_prefix + ".turn.status", [&user](std::string_view json) {
    if (const auto status = parse_relay_status(json)) user.on_relay_status(*status);
  });
  bus_->subscribe(revoke_, [&user](std::string_view json) {
    if (const auto revocation = parse_revocation_order(json)) user.on_revocation(*revocation);
  });
  bus_->on_state([&user](const bus::BusState& state) { user.on_bus(state.connected); });
}

void HubBus::revoke(const Revocation& revocation) {
  static_cast<void>(bus_->publish(revoke_, revocation.to_json()));
}

bool HubBus::pass(const NodeId& to, std::string bytes) {
  return bus_->publish(pass_prefix_ + to, std::move(bytes)).ok();
}

void HubBus::publish(const BusFrame& frame) {
  static_cast<void>(bus_->publish(frame.to ? node_prefix_ + *frame.to : everyone_, frame.bytes));
}

}  // namespace noom::signal
