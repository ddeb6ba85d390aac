// What a noom-stun shard counts. One writer, the shard; any thread may read.
//
// Architecture Invariant: received == successes + refusals + bad_requests + Σ drops.
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
  Counter refusals;      // answered 420
  Counter bad_requests;  // answered 400
  Counter answered_bytes;
  CounterTable<Drop> drops;
  CounterTable<Feature> features;  // of successes; one may use several

  void count(Bytes message, const Outcome& outcome) {
    received.add();
    received_bytes.add(message.size());
    if (const auto* drop = std::get_if<Drop>(&outcome)) return drops[*drop].add();
    const auto& answer = std::get<Answer>(outcome);
    if (!answer.error) {
      successes.add();
    } else {
      (answer.error == wire::ErrorCode::kBadRequest ? bad_requests : refusals).add();
    }
    for (size_t i = 0; answer.features != 0 && i < count_of<Feature>(); ++i)
      if (answer.uses(static_cast<Feature>(i)) && !answer.error) features[static_cast<Feature>(i)].add();
    answered_bytes.add(answer.bytes.size());
  }
};

}  // namespace noom::stun
