// The hub and what carries each of its sessions: what clients say goes into the hub, what the hub says goes out through
// their carriers. Knows nothing of sockets, HTTP or timers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"
#include "signal/core/hub.h"
#include "signal/core/operator.h"
#include "signal/shell/carrier.h"
#include "signal/shell/connection_id.h"
#include "signal/shell/hub_bus.h"
#include "signal/shell/shell_stats.h"

namespace noom::signal {

struct SwitchboardSettings {
  size_t outbound_bytes_total_max = 0;  // queued for all; beyond it, whoever is to be sent more is closed with 4408
  Duration accept_deadline{};           // from open() to on_accepted
  Duration close_deadline{};            // from close() to on_end
  Duration last_words{};                // from on_deaf() to on_end
  std::function<void(const Notice&)> on_notice = {};          // empty: nobody wants to know
  std::function<void(const Revocation&)> on_revocation = {};  // the same; beside the bus
};

class SwitchboardOwner {
 public:
  // The last event of a carrier that lived on a connection alone.
  virtual void on_carrier_end(ConnectionId connection) = 0;
  // Next_deadline() may be earlier than before.
  virtual void on_deadlines_changed() = 0;
  // What another node's pass() has sent here.
  virtual void on_passed(std::string_view bytes) = 0;
  // Other nodes have come or gone.
  virtual void on_nodes_changed() = 0;

 protected:
  ~SwitchboardOwner() = default;
};

// Single-threaded. References outlive it.
class Switchboard final : public CarrierEvents, public BusUser {
 public:
  Switchboard(std::shared_ptr<const Settings> settings, const SwitchboardSettings& own, Random& random, LogSink& log,
              ShellStats& stats, SwitchboardOwner& owner);

  // A session whose carrier is about to be built; attach() or on_end() follows. `connection`: told to the owner at the
  // end; invalid for a carrier that does not take over a connection.
  std::variant<CarrierId, OpenRefused> open(Now now, const ClientInfo& client, ConnectionId connection);
  void attach(CarrierId id, std::shared_ptr<Carrier> carrier);

  void on_accepted(CarrierId id) override;
  void on_text(CarrierId id, std::string_view text) override;
  void on_binary(CarrierId id) override;
  void on_oversize(CarrierId id) override;
  void on_alive(CarrierId id) override;
  void on_deaf(CarrierId id) override;
  void on_end(CarrierId id, size_t label) override;

  // Before anything else, once; the bus follows on the thread that it posts to.
  void join_cluster(const ClusterOptions& options);
  void use_bus(std::unique_ptr<bus::Bus> bus, const ClusterOptions& options);
  void leave_cluster();
  void drop_bus() { bus_.reset(); }

  bool is_in_cluster() const { return bus_ != nullptr; }
  // To another node, at most once. False: the bus does not take it.
  bool pass(const NodeId& to, std::string bytes);

  void on_bus(bool is_connected) override;
  void on_bus_frame(std::string_view bytes) override;
  void on_passed(std::string_view bytes) override { owner_.on_passed(bytes); }
  void on_revocation(const Revocation& revocation) override;
  void on_relay_status(const RelayStatus& status) override;

  void on_tick(Now now);
  std::optional<Mono> next_deadline() const;
  // Tells everyone to go away; their carriers end one by one.
  void drain(Now now);
  // What an operator asks; what the hub says to it is carried out before this returns.
  void ask(const std::function<void(Operator&)>& question);
  // As Operator::ask: the answer may be there before this returns, or come later from another node.
  void ask(const OperatorQuestion& question, std::function<void(const OperatorAnswer&)> answer);
  // Ends every carrier without goodbye.
  void abort_all();
  size_t size() const { return slots_.size(); }
  Hub& hub() { return hub_; }
  const Hub& hub() const { return hub_; }

 private:
  struct Slot {
    std::shared_ptr<Carrier> carrier;  // nullptr until attach()
    SessionId session;
    ConnectionId connection;
    bool closing = false;  // by the hub; its deadline stands
  };

  template <typename F>
  void call_hub(F&& call);
  void apply(Now now);
  void deliver(const Delivery& delivery);
  void close(const Close& close, Carrier::Queue queue);
  void reply(const OperatorReply& reply);
  void log_event(Now now, const Event& event);
  Carrier* to_carrier(SessionId session);
  void set_deadline(CarrierId id, Duration patience);

  const SwitchboardSettings settings_;
  LogSink& log_;
  ShellStats& stats_;
  SwitchboardOwner& owner_;
  Hub hub_;
  std::unique_ptr<HubBus> bus_;
  HandleTable<CarrierTag, Slot> slots_;
  std::vector<CarrierId> carrier_of_session_;  // by session index; may be stale: check Slot::session
  DeadlineQueue deadlines_;                    // by slot index
  Output output_;                              // what the hub says
  Output doing_;                               // what is being carried out
  std::vector<SessionId> slow_;
  TokenBucket event_log_;
  uint64_t view_told_ = 0;
  std::map<uint64_t, std::function<void(const OperatorAnswer&)>> questions_;  // that other nodes have been asked
};

}  // namespace noom::signal
