#include "signal/core/operator.h"

#include <algorithm>

#include "signal/core/cluster/nodes.h"

namespace noom::signal {

OperatorAnswer Operator::answer(const OperatorQuestion& question) {
  using Kind = OperatorQuestion::Kind;
  OperatorAnswer answer;
  if (question.kind == Kind::kListRooms) {
    answer.page = list_rooms(question.from.slot, question.limit);
    return answer;
  }
  const auto id = hub_.host_.find_room(question.room);
  if (!id) {
    answer.refusal = no_such_room(question.room);
    return answer;
  }
  RoomOutput said;
  if (question.kind == Kind::kDescribe) {
    answer.detail = describe(*hub_.host_.look_at(*id));
  } else if (question.kind == Kind::kEndRoom) {
    hub_.host_.end(now_, *id, question.message, said);
  } else if (!hub_.host_.put_out(now_, *id, question.peer, question.ban, question.message, said)) {
    answer.refusal = OperatorRefusal{OperatorRefusal::Why::kNoSuchPeer};
  }
  hub_.obey(now_, said, output_);
  return answer;
}

RoomPage Operator::list_rooms(uint32_t from, size_t limit) const {
  RoomPage page;
  const uint32_t end = hub_.host_.slots();
  const size_t most = std::min(limit, kRoomPageMax);
  uint32_t slot = from;
  for (uint32_t seen = 0; slot < end && seen < kRoomPageScanMax && page.rooms.size() < most; ++slot, ++seen) {
    if (const Room* room = hub_.host_.look_at(hub_.host_.at_slot(slot))) page.rooms.push_back(summary_of(*room));
  }
  if (slot < end) page.next = RoomCursor{node(), slot};
  return page;
}

RoomDetail Operator::describe(const Room& room) const {
  RoomDetail detail{summary_of(room), {}};
  for (const Member& member : room.members()) {
    std::string node;
    if (hub_.nodes_ != nullptr && member.seat.node != kNoNode) node = hub_.nodes_->name(member.seat.node);
    detail.members.push_back({.peer = member.peer,
                              .name = member.name,
                              .session = member.session,
                              .identity = member.identity,
                              .node = std::move(node),
                              .role = member.role,
                              .away = member.away,
                              .since_s = member.joined_s});
  }
  return detail;
}

RoomSummary Operator::summary_of(const Room& room) const {
  return {.name = room.name(),
          .tag = room.tag(),
          .owner = node(),
          .members = static_cast<uint32_t>(room.members().size()),
          .waiting = static_cast<uint32_t>(room.waiting().size()),
          .capacity = static_cast<uint32_t>(room.capacity()),
          .flags = room.rules().flags(),
          .at = room.at(),
          .since_s = room.made_s()};
}

std::variant<std::string, OperatorRefusal> Operator::mint_ticket(const JoinTicket& ticket) {
  const auth::Seal* seal = hub_.admission_->tickets();
  if (seal == nullptr) return OperatorRefusal{OperatorRefusal::Why::kNoTickets};
  return mint_join_ticket(*seal, now_.wall, hub_.random_, ticket);
}

}  // namespace noom::signal
