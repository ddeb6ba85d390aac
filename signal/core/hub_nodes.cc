// The hub as one node of several: what the bus brings, who comes and goes, and what is waited for. hub_edge.cc and
// hub_edge_told.cc: rooms of other nodes; hub_owner.cc: members at other nodes; hub_seat_moves.cc: clients that come to
// another node.
#include <algorithm>
#include <utility>

#include "signal/core/cluster/node_tag.h"
#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {

Hub::~Hub() = default;

void Hub::join_cluster(NodeAddress self, const ClusterSettings& settings) {
  nodes_ = std::make_unique<Nodes>(std::move(self), settings);
  host_.replicate();
}

void Hub::on_bus(Now now, bool is_connected, Output& output) {
  if (nodes_ == nullptr) return;
  nodes_->is_connected = is_connected;
  if (!is_connected) return;
  nodes_->heals = now.mono + kHealTime;
  nodes_->next_audit = now.mono + kAuditInterval;
  nodes_->next_tick = now.mono + kNodeTick;
  // Published while the connection was being lost, they may not have arrived.
  for (Revocation& revocation : revocations_.live(now.wall)) output.revocations.push_back(std::move(revocation));
  nodes_->cluster.on_bus(now, nodes_->told);
  heed(now, output);
}

void Hub::on_bus_frame(Now now, std::string_view bytes, Output& output) {
  if (nodes_ == nullptr) return;
  nodes_->cluster.on_frame(now, bytes, nodes_->told);
  heed(now, output);
}

void Hub::leave_cluster(Now now, Output& output) {
  if (nodes_ == nullptr) return;
  nodes_->cluster.leave(now, nodes_->told);
  for (BusFrame& frame : std::exchange(nodes_->told, {}).frames) output.bus.push_back(std::move(frame));
}

bool Hub::is_cut_off() const {
  return nodes_ != nullptr && !nodes_->is_connected;
}

std::optional<NodeId> Hub::find_node(std::string_view tag) const {
  if (nodes_ == nullptr) return std::nullopt;
  for (const NodeView& node : nodes_->cluster.membership().view()) {
    if (node.address.node != nodes_->name(kThisNode) && node_tag(node.address) == tag) return node.address.node;
  }
  return std::nullopt;
}

bool Hub::is_node_there(const NodeId& node) const {
  return nodes_ != nullptr && nodes_->cluster.membership().find(node) != nullptr;
}

bool Hub::sees_all_nodes(Now now) const {
  return nodes_ == nullptr || (nodes_->is_connected && now.mono >= nodes_->heals);
}

uint64_t Hub::view_version() const {
  return nodes_ == nullptr ? 0 : nodes_->cluster.membership().view_version();
}

bool Hub::has_company() const {
  if (nodes_ == nullptr || !nodes_->is_connected) return false;
  const auto view = nodes_->cluster.membership().view();
  return std::any_of(view.begin(), view.end(), [&](const NodeView& node) {
    return !node.draining && node.address.node != nodes_->name(kThisNode);
  });
}

bool Hub::is_member() const {
  return nodes_ == nullptr || !nodes_->cluster.membership().name_taken();
}

// Frames go out and events are heeded until nothing is left: heeding one may cause others.
void Hub::heed(Now now, Output& output) {
  if (nodes_ == nullptr) return;
  while (true) {
    while (!nodes_->told.empty()) {
      ClusterOutput told = std::exchange(nodes_->told, {});
      for (BusFrame& frame : told.frames) output.bus.push_back(std::move(frame));
      for (const ClusterEvent& event : told.events) heed(now, event, output);
      mend_steps(now);
    }
    if (nodes_->view_seen == nodes_->cluster.membership().view_version()) return;
    nodes_->view_seen = nodes_->cluster.membership().view_version();
    heed_view(now, output);
  }
}

void Hub::heed(Now now, const ClusterEvent& event, Output& output) {
  using Kind = ClusterEvent::Kind;
  const uint32_t node = nodes_->number(event.node);
  const auto log = [&](LogLevel level, std::string_view name) {
    output.events.push_back({level, name, {"node", event.node}, {}, {}, {}});
  };
  switch (event.kind) {
    case Kind::kMessage:
      if (const auto message = node::decode(event.payload)) return heed(now, node, *message, output);
      return stats_.node_messages_malformed.add();
    case Kind::kReset:
      stats_.link_resets.add();
      return event.sent_lost ? heed_reset(now, node) : void();
    case Kind::kJoined:
      tell_spent_tickets(now, node);
      return log(LogLevel::kInfo, "node_joined");
    case Kind::kLeft: {
      log(LogLevel::kWarning, "node_left");
      for (auto& [name, room] : nodes_->remote_rooms) {
        if (room.owner == node) room.attach_again = now.mono;
      }
      expect_answer(now);
      RoomOutput said;
      host_.detach_node(now, node, nodes_->reset.erase(node) > 0, said);
      return obey(now, said, output);
    }
    case Kind::kDraining:
      return log(LogLevel::kInfo, "node_draining");
    case Kind::kNameTaken:
      stats_.name_taken.set(1);
      return log(LogLevel::kError, "node_name_taken");
    case Kind::kNameFree:
      stats_.name_taken.set(0);
      return log(LogLevel::kInfo, "node_name_free");
  }
}

void Hub::heed(Now now, uint32_t from, const node::Message& message, Output& output) {
  std::visit([&](const auto& what) { heed(now, from, what, output); }, message);
}

// Owners have changed: rooms go where they belong, and whoever waits for a node that is gone asks another one.
// Views and messages may have crossed in any way: now and then owners and edges compare their books.
void Hub::audit(Now now, Output& output) {
  nodes_->next_audit = now.mono + kAuditInterval;
  audit_seats(now, output);
  if (!nodes_->is_connected) return;
  for (const RoomId id : host_.rooms()) {
    const uint32_t owner = nodes_->owner_of(host_.name_of(id));
    if (owner != kThisNode) {
      hand_over(now, id, owner, output);
      continue;
    }
    for (const uint32_t node : host_.nodes_of(id)) tell_audit(now, node, id);
    for (const auto& seats : {host_.seats_at(id, kThisNode), host_.waiting_at(id, kThisNode)}) {
      for (const SeatId seat_id : seats) {
        const Seat* seat = seats_.find(seat_id);
        if (seat != nullptr && seat->place.is_here() && seat->place.room == id) continue;
        tell_node(now, kThisNode, node::SeatEnded{seat_id, id, LeaveReason::kClosed});
      }
    }
  }
  for (const auto& [name, room] : nodes_->remote_rooms) {
    if (!room.attach_again && nodes_->is_there(room.owner)) tell_node(now, room.owner, node::AuditAsked{room.id, name});
  }
  heed(now, output);
}

// Every seat's place is in the books that it names.
void Hub::audit_seats(Now now, Output& output) {
  std::vector<SeatId> nowhere;
  seats_.for_each([&](SeatId id, Seat& seat) {
    const Place& place = seat.place;
    if (!place.valid()) return;
    if (place.is_here()) {
      if (!host_.knows({now, {kThisNode, id}, place.room, {}})) return nowhere.push_back(id);
      seat.place.out_of_step |= !place.waiting && place.at != host_.at(place.room);
      if (place.out_of_step) nodes_->out_of_step.push_back(id);
      return;
    }
    const auto room = nodes_->remote_rooms.find(place.name);
    if (room == nodes_->remote_rooms.end()) return nowhere.push_back(id);
    auto& seats = room->second.seats;
    if (std::find(seats.begin(), seats.end(), id) == seats.end()) seats.push_back(id);
  });
  for (const SeatId id : nowhere) leave_place(id, build_left({}, seats_.find(id)->place.name), output);
}

void Hub::heed_view(Now now, Output& output) {
  stats_.nodes.set(nodes_->cluster.membership().view().size());
  for (const RoomId id : host_.rooms()) {
    const uint32_t owner = nodes_->owner_of(host_.name_of(id));
    if (owner != kThisNode) hand_over(now, id, owner, output);
  }
  std::vector<std::string> complete;
  for (auto& [name, gathering] : nodes_->gatherings) {
    std::erase_if(gathering.awaited, [&](uint32_t node) { return !nodes_->is_there(node); });
    if (gathering.awaited.empty()) complete.push_back(name);
  }
  for (const std::string& name : complete) finish_gathering(now, name, output);
  if (now.mono >= nodes_->heals) find_new_owners(now);
}

void Hub::find_new_owners(Now now) {
  if (!nodes_->is_connected) return;
  std::vector<std::string> orphaned;
  for (const auto& [name, room] : nodes_->remote_rooms) {
    if (!nodes_->is_there(room.owner)) orphaned.push_back(name);
  }
  for (const std::string& name : orphaned) {
    RemoteRoom& room = nodes_->remote_rooms.find(name)->second;
    // What a former process of this node had heard, and what has been kept since, tell by themselves what is missing.
    room.lost |= room.owner != kNoNode;
    room.owner = nodes_->owner_of(name);
    room.id = {};
    ask_owner_to_attach(now, room);
  }
  for (auto& [seat, joining] : nodes_->joining) {
    if (!nodes_->is_there(joining.owner)) joining.ask_again = now.mono;
  }
}

// What that node was told may be lost. It is asked again what it has to be asked; what its members have missed they
// learn from a roster.
void Hub::heed_reset(Now now, uint32_t node) {
  nodes_->reset.insert(node);
  expect_answer(now);
  for (auto& [name, room] : nodes_->remote_rooms) {
    if (room.owner == node) room.attach_again = now.mono;
  }
  for (auto& [seat, joining] : nodes_->joining) {
    if (joining.owner == node) joining.ask_again = now.mono + kNodeTick;
  }
  if (!nodes_->is_there(node) || !nodes_->cluster.membership().is_member()) return;
  tell_spent_tickets(now, node);
  for (const RoomId id : host_.rooms()) {
    if (host_.has_people_at(id, node))
      tell_node(now, node, node::Moved{id, std::string(host_.name_of(id)), nodes_->name(kThisNode)});
  }
}

void Hub::tell_node(Now now, uint32_t node, const node::Message& message) {
  if (node == kNoNode) return;
  if (node == kThisNode) {
    nodes_->told.events.push_back({ClusterEvent::Kind::kMessage, nodes_->name(node), 0, node::encode(message)});
    return;
  }
  nodes_->cluster.send(now, nodes_->name(node), node::encode(message), nodes_->told);
}

void Hub::tick_nodes(Now now, Output& output) {
  if (nodes_ == nullptr) return;
  if (nodes_->cluster.next_deadline() && *nodes_->cluster.next_deadline() <= now.mono) {
    nodes_->cluster.set_load(load());
    nodes_->cluster.on_tick(now, nodes_->told);
  }
  heed(now, output);
  if (nodes_->next_audit && *nodes_->next_audit <= now.mono) audit(now, output);
  if (!nodes_->next_tick || *nodes_->next_tick > now.mono) return;
  if (now.mono >= nodes_->heals) find_new_owners(now);
  std::vector<std::string> complete;
  for (auto& [name, gathering] : nodes_->gatherings) {
    if (gathering.ends <= now.mono) complete.push_back(name);
  }
  for (const std::string& name : complete) finish_gathering(now, name, output);
  for (auto& [name, room] : nodes_->remote_rooms) {
    if (room.attach_again && *room.attach_again <= now.mono && nodes_->is_there(room.owner))
      ask_owner_to_attach(now, room);
  }
  tick_joining(now, output);
  tick_questions(now, output);
  tick_moves(now, output);
  mend_steps(now);
  heed(now, output);
  set_node_tick(now);
}

NodeLoad Hub::load() const {
  return {static_cast<uint32_t>(stats_.sessions.value()), static_cast<uint32_t>(stats_.rooms.value()),
          static_cast<uint32_t>(stats_.members.value())};
}

void Hub::set_node_tick(Now now) {
  const bool is_waiting = !nodes_->gatherings.empty() || !nodes_->joining.empty() || !nodes_->coming.empty() ||
                          !nodes_->going.empty() || !nodes_->questions.empty() || nodes_->heals > now.mono ||
                          std::any_of(nodes_->remote_rooms.begin(), nodes_->remote_rooms.end(),
                                      [](const auto& entry) { return entry.second.attach_again.has_value(); });
  nodes_->next_tick = is_waiting ? std::optional(now.mono + kNodeTick) : std::nullopt;
}

void Hub::expect_answer(Now now) {
  if (!nodes_->next_tick) nodes_->next_tick = now.mono + kNodeTick;
}

std::optional<Mono> Hub::next_node_deadline() const {
  if (nodes_ == nullptr) return std::nullopt;
  std::optional<Mono> first = nodes_->cluster.next_deadline();
  for (const auto next : {nodes_->next_tick, nodes_->next_audit}) {
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

void Hub::fill_in_nodes(SavedRoom& room) const {
  for (auto* people : {&room.members, &room.waiting}) {
    for (SavedMember& member : *people) fill_in_node(member);
  }
}

void Hub::fill_in_node(SavedMember& member) const {
  const uint32_t number = member.address.node;
  const NodeView* node = number == kNoNode ? nullptr : nodes_->cluster.membership().find(nodes_->name(number));
  member.node = node == nullptr ? std::string() : node->address.node;
  member.incarnation = node == nullptr ? 0 : node->address.incarnation;
}

// Into this node's number.
void Hub::number_node(SavedMember& member) {
  const NodeView* node = nodes_->cluster.membership().find(member.node);
  const bool is_there = node != nullptr && node->address.incarnation == member.incarnation;
  member.address.node = is_there ? nodes_->number(member.node) : kNoNode;
}

std::string Hub::node_name() const {
  return nodes_ != nullptr ? nodes_->name(kThisNode) : std::string();
}

void Hub::number_nodes(SavedRoom& room) {
  for (auto* people : {&room.members, &room.waiting}) {
    for (SavedMember& member : *people) number_node(member);
  }
}

}  // namespace noom::signal
