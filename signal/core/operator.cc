#include "signal/core/operator.h"

#include <algorithm>

#include "signal/core/cluster/nodes.h"

namespace noom::signal {

RoomPage Operator::list_rooms(uint32_t from, size_t limit) {
  RoomPage page;
  const uint32_t end = hub_.host_.slots();
  const size_t most = std::min(limit, kRoomPageMax);
  uint32_t slot = from;
  for (uint32_t seen = 0; slot < end && seen < kRoomPageScanMax && page.rooms.size() < most; ++slot, ++seen) {
    if (const Room* room = hub_.host_.look_at(hub_.host_.at_slot(slot))) page.rooms.push_back(summary_of(*room));
  }
  if (slot < end) page.next = slot;
  return page;
}

std::variant<RoomDetail, OperatorRefusal> Operator::describe(std::string_view name) {
  const auto found = find(name);
  if (const auto* refusal = std::get_if<OperatorRefusal>(&found)) return *refusal;
  const Room& room = *hub_.host_.look_at(std::get<RoomId>(found));
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

OperatorResult Operator::end_room(std::string_view name, std::string_view message) {
  const auto found = find(name);
  if (const auto* refusal = std::get_if<OperatorRefusal>(&found)) return *refusal;
  RoomOutput said;
  hub_.host_.end(now_, std::get<RoomId>(found), message, said);
  hub_.obey(now_, said, output_);
  hub_.heed(now_, output_);
  return std::nullopt;
}

OperatorResult Operator::kick(std::string_view name, std::string_view peer, Duration ban, std::string_view message) {
  const auto found = find(name);
  if (const auto* refusal = std::get_if<OperatorRefusal>(&found)) return *refusal;
  RoomOutput said;
  if (!hub_.host_.put_out(now_, std::get<RoomId>(found), peer, ban, message, said))
    return OperatorRefusal{OperatorRefusal::Why::kNoSuchPeer};
  hub_.obey(now_, said, output_);
  hub_.heed(now_, output_);
  return std::nullopt;
}

std::variant<std::string, OperatorRefusal> Operator::mint_ticket(const JoinTicket& ticket) {
  const auth::Seal* seal = hub_.admission_->tickets();
  if (seal == nullptr) return OperatorRefusal{OperatorRefusal::Why::kNoTickets};
  return mint_join_ticket(*seal, now_.wall, hub_.random_, ticket);
}

std::vector<NodeSummary> Operator::nodes() const {
  std::vector<NodeSummary> nodes;
  if (hub_.nodes_ == nullptr) return nodes;
  const std::string self = node();
  for (const NodeView& view : hub_.nodes_->cluster.membership().view())
    nodes.push_back({view.address.node, view.address.node == self, view.draining, view.load});
  return nodes;
}

std::variant<RoomId, OperatorRefusal> Operator::find(std::string_view room) const {
  if (const auto id = hub_.host_.find_room(room)) return *id;
  if (hub_.nodes_ != nullptr) {
    const uint32_t owner = hub_.nodes_->owner_of(room);
    if (owner != kThisNode) return OperatorRefusal{OperatorRefusal::Why::kOtherOwner, hub_.nodes_->name(owner)};
  }
  return OperatorRefusal{OperatorRefusal::Why::kNoSuchRoom};
}

RoomSummary Operator::summary_of(const Room& room) const {
  return {.name = room.name(),
          .tag = room.tag(),
          .owner = node(),
          .members = room.members().size(),
          .waiting = room.waiting().size(),
          .capacity = room.capacity(),
          .flags = room.rules().flags(),
          .at = room.at(),
          .since_s = room.made_s()};
}

}  // namespace noom::signal
