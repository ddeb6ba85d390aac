// What a noom-stun shard counts. One writer, the shard; any thread may read.
//
// Architecture Invariant: received == successes + refusals + Σ drops.
#pragma once

#include <variant>

#include "common/base/counter_table.h"
#include "stun/core/responder.h"

namespace noom::stun {

// For one transport.
struct Stats {
  Counter received;  // datagrams or frames
  Counter received_bytes;
  Counter successes;
  Counter refusals;  // answered 420
  Counter answered_bytes;
  CounterTable<Drop> drops;

  void count(Bytes message, const std::variant<wire::BindingAnswer, Drop>& outcome) {
    received.add();
    received_bytes.add(message.size());
    if (const auto* drop = std::get_if<Drop>(&outcome)) return drops[*drop].add();
    const auto& answer = std::get<wire::BindingAnswer>(outcome);
    (answer.error ? refusals : successes).add();
    answered_bytes.add(answer.bytes.size());
  }
};

}  // namespace noom::stun
