// Binding, RFC 8489 §7.3.1: the same answer as noom-stun gives, without authentication.
#include "common/wire/binding.h"

#include "turn/core/core.h"

namespace noom::turn {

void Core::binding(Request& request) {
  const Requester& to = request.from;
  const MutableBytes room = request.output.arena.take(wire::kBindingAnswerMax);
  const auto answer = wire::answer_binding(request.message, to.client.client, to.fingerprint, room);
  request.output.arena.give_back(room.size() - answer.bytes.size());
  request.output.to_clients.push_back({to.client, answer.bytes, {}, to.shard});

  if (answer.error) count_refusal(to, request.output, Reason::kUnknownAttribute, {});
  if (!answer.error) stats_.requests.at(to.method, 0).add();
  stats_.unauthenticated_bytes_in.add(request.message.bytes().size());
  stats_.unauthenticated_bytes_out.add(answer.bytes.size());
}

}  // namespace noom::turn
