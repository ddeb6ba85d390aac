// What the hub counts. Written by the hub's thread, readable from any. Every array is indexed by an enum: cardinality
// is fixed.
#pragma once

#include <array>

#include "common/base/counter.h"
#include "signal/core/errors.h"
#include "signal/core/requests.h"

namespace noom::signal {

enum class OpenRefusal : uint8_t { kRateLimited, kServerFull, kGoingAway };
constexpr size_t kOpenRefusalCount = 3;
std::string_view to_string(OpenRefusal refusal);  // "rate_limited", "server_full", "going_away"

struct Stats {
  Counter sessions;  // now
  Counter rooms;     // now
  Counter members;   // now
  Counter waiting;   // in lobbies, now
  Counter sessions_opened;
  std::array<Counter, kOpenRefusalCount> sessions_refused;
  std::array<Counter, kRequestTypeCount> requests;  // well-formed ones, by type, the rate-limited included
  std::array<Counter, kErrorCodeCount> errors;      // sent
  Counter deliveries;                               // messages times receivers
  Counter credentials_minted;
  Counter revocations;                               // emitted
  Counter away;                                      // sessions without a connection, now
  Counter replay_bytes;                              // kept for sessions that may resume, now; overheads included
  Counter replays_dropped;                           // rings given up because replay_bytes_total_max was reached
  std::array<Counter, kResumeOutcomeCount> resumes;  // attempts, by outcome
  Counter expired;                                   // sessions whose window passed
  Counter seats_given;                               // sessions that another node has taken over
  Counter node_messages_malformed;
  Counter link_resets;
  Counter nodes;       // in view, this one included; 0 when there is no cluster
  Counter name_taken;  // 1 while another process has this node's name
};

}  // namespace noom::signal
