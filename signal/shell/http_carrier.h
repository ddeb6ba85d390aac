// What the carriers without WebSocket have in common: messages come as POSTs, each over a connection of its own, and
// are put in order; the answers' side is sse_carrier.* and poll_carrier.*.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "signal/shell/carrier.h"
#include "signal/shell/http_connection.h"
#include "signal/shell/outbound_queue.h"
#include "signal/shell/post_order.h"
#include "signal/shell/shell_stats.h"

namespace noom::signal {

// Single-threaded; references outlive it.
class HttpCarrier : public Carrier {
 public:
  HttpCarrier(CarrierId id, std::string name, const CarrierLimits& limits, CarrierEvents& events, ShellStats& stats)
      : id_(id), name_(std::move(name)), limits_(limits), events_(events), stats_(stats), queue_(limits, stats) {}

  // What its client calls it; nobody else knows it.
  const std::string& name() const { return name_; }
  CarrierId id() const { return id_; }

  // One or several messages, a line each. `held_bytes_left`: how much more may be held, all clients together.
  PostOutcome post(uint64_t number, std::string body, size_t held_bytes_left);
  void on_body_too_big();
  size_t held_bytes() const { return posts_.held_bytes(); }
  size_t posts_coming = 0;  // whose bodies are being received

  // Runs its argument on the shard's thread, later. Set before anything else.
  std::function<void(std::function<void()>)> later;

  // The connection that answers it ended.
  virtual void on_gone(ConnectionId connection) = 0;

 protected:
  const CarrierId id_;
  const std::string name_;
  const CarrierLimits& limits_;
  CarrierEvents& events_;
  ShellStats& stats_;
  OutboundQueue queue_;
  bool closing_ = false;
  CloseCode close_code_ = CloseCode::kNormal;
  std::string_view close_reason_;

  // {"code":…,"reason":"…"}
  std::string close_json() const;

 private:
  void dispatch(std::string_view body);

  PostOrder posts_;
};

}  // namespace noom::signal
