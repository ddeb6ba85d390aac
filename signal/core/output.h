// What the hub asks of its shell. Obeyed in this order: deliveries, pings, closes. One Output is reused for all calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/handle.h"
#include "common/base/log.h"
#include "common/base/time.h"
#include "signal/core/cluster/output.h"
#include "signal/core/notice.h"
#include "signal/core/operator_values.h"

namespace noom::signal {

struct SessionTag;
using SessionId = Handle<SessionTag>;  // one client connection; the index is dense, so that a shell can keep its
                                       // connections in a vector

// One text frame for each receiver. The text is encoded once and shared; receivers are in the order of their joining.
struct Delivery {
  std::shared_ptr<const std::string> text;
  std::vector<SessionId> receivers;
  // Not 0: while a receiver reads slowly, an unsent text of the same subject may be replaced by its own `stub`.
  uint64_t subject = 0;
  std::shared_ptr<const std::string> stub;
  // Part of a replay, which was within bounds before: never a reason for kSlowReader.
  bool replay = false;
};

// WebSocket close codes of docs/protocol/noom-v1.md.
enum class CloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kBadUtf8 = 1007,
  kTooBig = 1009,
  kPingTimeout = 4000,
  kNoHello = 4001,
  kSlowReader = 4408,
  kReplaced = 4409,
  kRateLimited = 4429,
};

// Flush what is queued for the session, then close it. The connection is already forgotten by the hub: no on_closed is
// due for it.
struct Close {
  SessionId session;
  CloseCode code = CloseCode::kNormal;
  std::string_view reason;  // a literal
};

// What was relayed for somebody must end now: the allocations of all TURN users whose name, after the expiry, is
// `username`, or begins with it when it ends in a dot.
struct Revocation {
  std::string username;  // "<room tag>.<peer>", or "<room tag>." for everybody of a room
  Wall until{};          // credentials made so far end by then

  // As noom-turn takes it (docs/cluster.md). Names are made of tags, which need no escapes.
  std::string to_json() const {
    return R"({"username":")" + username + R"(","until":)" + std::to_string(unix_seconds(until)) + "}";
  }
};

// For the log only, never for control.
struct Event {
  LogLevel level = LogLevel::kInfo;
  std::string_view name;  // a literal
  LogField detail;        // what else there is to say
  std::string session;
  std::string room;  // its tag; empty when the event is about the session alone
  std::string peer;
};

struct Output {
  std::vector<BusFrame> bus;  // to be published, when there is a bus
  std::vector<Delivery> deliveries;
  std::vector<SessionId> pings;  // send a WebSocket ping; report on_pong
  std::vector<Close> closes;
  std::vector<Revocation> revocations;
  std::vector<Notice> notices;
  std::vector<OperatorReply> replies;
  std::vector<Event> events;

  void clear() {
    bus.clear();
    deliveries.clear();
    pings.clear();
    closes.clear();
    revocations.clear();
    notices.clear();
    replies.clear();
    events.clear();
  }
  bool empty() const {
    return bus.empty() && deliveries.empty() && pings.empty() && closes.empty() && revocations.empty() &&
           notices.empty() && replies.empty() && events.empty();
  }
};

}  // namespace noom::signal
