// Rooms of this node with members at others.
#include <algorithm>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {

// ---- what edges ask ----

void Hub::heed(Now now, uint32_t from, const node::JoinAsked& asked, Output& output) {
  const auto parsed = parse_request(asked.frame);
  const auto* request = std::get_if<Request>(&parsed);
  const auto* join = request != nullptr ? std::get_if<Join>(&request->body) : nullptr;
  if (join == nullptr) return stats_.node_messages_malformed.add();
  if (!owns(join->room)) return pass_on(now, from, join->room, asked);
  if (must_gather(join->room)) return gather(now, join->room, {}, {&asked, from}, output);
  admit(now, from, asked, output);
}

// The host answers.
void Hub::admit(Now now, uint32_t edge, const node::JoinAsked& asked, Output& output) {
  auto parsed = parse_request(asked.frame);
  auto& request = std::get<Request>(parsed);
  RoomOutput said;
  host_.join({now, {edge, asked.seat}, {}, request.id_json},
             {.session = asked.session,
              .mark = asked.mark,
              .grant = asked.grant,
              .room = asked.claimed_room,
              .peer = asked.claimed_peer},
             std::get<Join>(request.body), said);
  obey(now, said, output);
}

// What an edge has to know of a room: of those who wait only its own.
SavedRoom Hub::room_for_edge(SavedRoom room, uint32_t edge) const {
  std::erase_if(room.waiting, [&](const SavedMember& one) { return one.address.node != edge; });
  fill_in_nodes(room);
  return room;
}

void Hub::heed(Now now, uint32_t from, const node::Asked& asked, Output& output) {
  if (pass_on_if_handed_over(now, from, asked.room, asked)) return;
  auto parsed = parse_request(asked.frame);
  auto* request = std::get_if<Request>(&parsed);
  if (request == nullptr) return stats_.node_messages_malformed.add();
  if (!host_.knows({now, {from, asked.seat}, asked.room, {}}))
    return tell_node(now, from, node::Bounced{asked.seat, asked.frame});
  RoomOutput said;
  ask_host({now, {from, asked.seat}, asked.room, request->id_json}, *request, said);
  obey(now, said, output);
}

void Hub::heed(Now now, uint32_t from, const node::SeatEnded& ended, Output& output) {
  if (pass_on_if_handed_over(now, from, ended.room, ended)) return;
  RoomOutput said;
  host_.remove({now, {from, ended.seat}, ended.room, {}}, ended.reason, said);
  obey(now, said, output);
}

void Hub::heed(Now now, uint32_t from, const node::SeatAway& seat, Output& output) {
  if (pass_on_if_handed_over(now, from, seat.room, seat)) return;
  RoomOutput said;
  host_.set_away({now, {from, seat.seat}, seat.room, {}}, seat.away, said);
  obey(now, said, output);
}

void Hub::heed(Now now, uint32_t from, const node::SeatDetaching& detaching, Output&) {
  if (pass_on_if_handed_over(now, from, detaching.room, detaching)) return;
  host_.detach({now, {from, detaching.seat}, detaching.room, {}});
  tell_node(now, from, node::SeatDetached{detaching.seat});
}

void Hub::heed(Now now, uint32_t from, const node::AttachAsked& asked, Output& output) {
  if (asked.former.valid() && pass_on_if_handed_over(now, from, asked.former, asked)) return;
  nodes_->reset.erase(from);
  Attachment attachment{asked.room, {}, asked.lost};
  number_nodes(attachment.room);
  for (const auto& own : asked.own) {
    // The way around by a former owner takes time: a client of this node may have left meanwhile.
    const Seat* seat = from == kThisNode ? seats_.find(own.seat) : nullptr;
    if (from == kThisNode && (seat == nullptr || seat->place.name != asked.room.name)) continue;
    attachment.own.push_back({own.peer, {from, own.seat}, own.at, own.waiting});
  }
  RoomOutput said;
  if (host_.attach(now, attachment, said)) return obey(now, said, output);
  if (!owns(asked.room.name)) return pass_on(now, from, asked.room.name, asked);
  gather(now, asked.room.name, std::move(attachment), {}, output);
}

// ---- rooms that come and go ----

bool Hub::owns(std::string_view room) {
  return nodes_ == nullptr || host_.find_room(room).has_value() || nodes_->owner_of(room) == kThisNode;
}

// Others may know the room, and this node does not yet.
bool Hub::must_gather(std::string_view room) {
  return nodes_ != nullptr && !host_.find_room(room) && (!nodes_->is_alone() || nodes_->gatherings.contains(room));
}

void Hub::gather(Now now, const std::string& room, std::optional<Attachment> part,
                 std::pair<const node::JoinAsked*, uint32_t> join, Output& output) {
  const auto [entry, is_new] = nodes_->gatherings.try_emplace(room);
  Gathering& gathering = entry->second;
  if (part) gathering.parts.push_back(*std::move(part));
  if (join.first != nullptr) gathering.joins.emplace_back(*join.first, join.second);
  if (!is_new) return;
  gathering.ends = now.mono + kGatherTime;
  for (const NodeView& node : nodes_->cluster.membership().view()) {
    const uint32_t number = nodes_->number(node.address.node);
    if (number == kThisNode) continue;
    gathering.awaited.insert(number);
    tell_node(now, number, node::Census{room});
  }
  expect_answer(now);
  if (gathering.awaited.empty()) finish_gathering(now, room, output);
}

void Hub::heed(Now now, uint32_t from, const node::Census& census, Output& output) {
  const auto id = host_.find_room(census.room);
  const bool owns = id.has_value() && nodes_->owner_of(census.room) == kThisNode;
  if (id && !owns) hand_over(now, *id, from, output);
  // Both gather: the one that this node takes for the owner goes on.
  if (nodes_->gatherings.contains(census.room) && nodes_->owner_of(census.room) == from)
    finish_gathering(now, census.room, output);
  if (const auto room = nodes_->remote_rooms.find(census.room);
      room != nodes_->remote_rooms.end() && (room->second.owner == from || !nodes_->is_there(room->second.owner))) {
    room->second.owner = from;
    room->second.id = {};
    room->second.lost = true;
    ask_owner_to_attach(now, room->second);
  }
  tell_node(now, from, node::CensusAnswered{census.room, owns});
}

void Hub::heed(Now now, uint32_t from, const node::CensusAnswered& answered, Output& output) {
  const auto entry = nodes_->gatherings.find(answered.room);
  if (entry == nodes_->gatherings.end()) return;
  if (answered.owns) return give_up_gathering(now, answered.room, from);
  entry->second.awaited.erase(from);
  if (entry->second.awaited.empty()) finish_gathering(now, answered.room, output);
}

void Hub::finish_gathering(Now now, const std::string& room, Output& output) {
  const uint32_t owner = nodes_->owner_of(room);
  if (owner != kThisNode && !host_.find_room(room)) return give_up_gathering(now, room, owner);
  const auto entry = nodes_->gatherings.find(room);
  if (entry == nodes_->gatherings.end()) return;
  const Gathering gathering = std::move(entry->second);
  nodes_->gatherings.erase(entry);
  if (host_.find_room(room)) {
    for (const Attachment& part : gathering.parts) {
      RoomOutput said;
      host_.attach(now, part, said);
      obey(now, said, output);
    }
  } else {
    RoomOutput said;
    host_.rebuild(now, gathering.parts, said);
    obey(now, said, output);
  }
  for (const auto& [asked, edge] : gathering.joins) admit(now, edge, asked, output);
}

// Another node owns the room: it gets what has come here.
void Hub::give_up_gathering(Now now, const std::string& room, uint32_t owner) {
  const auto entry = nodes_->gatherings.find(room);
  if (entry == nodes_->gatherings.end()) return;
  const Gathering gathering = std::move(entry->second);
  nodes_->gatherings.erase(entry);
  for (const Attachment& part : gathering.parts) {
    node::AttachAsked asked{{}, part.room, {}, part.lost};
    uint32_t edge = kThisNode;
    for (const Attachment::Own& own : part.own) {
      edge = own.seat.node;
      asked.own.push_back({own.peer, own.seat.seat, own.at, own.waiting});
    }
    fill_in_nodes(asked.room);
    tell_node(now, owner, node::PassedOn{nodes_->name(edge), room, node::encode(asked), 1});
  }
  for (const auto& [asked, edge] : gathering.joins)
    tell_node(now, owner, node::PassedOn{nodes_->name(edge), room, node::encode(asked), 1});
}

void Hub::hand_over(Now now, RoomId id, uint32_t owner, Output& output) {
  SavedRoom room = host_.release(now, id);
  fill_in_nodes(room);
  tell_node(now, owner, node::HandedOver{room});
  nodes_->handed_over.push_back({id, room.name, owner});
  if (nodes_->handed_over.size() > kHandedOverMax) nodes_->handed_over.pop_front();
  std::set<uint32_t> edges;
  RemoteRoom here{.owner = owner,
                  .id = {},
                  .known = room,
                  .seats = {},
                  .attach_again = {},
                  .former = {},
                  .lost = false,
                  .held = {}};
  for (const auto* people : {&room.members, &room.waiting}) {
    for (const SavedMember& member : *people) {
      if (member.address.node == kThisNode) {
        const Seat* seat = seats_.find(member.address.seat);
        if (seat != nullptr && seat->place.name == room.name) here.seats.push_back(member.address.seat);
      } else if (member.address.node != kNoNode) {
        edges.insert(member.address.node);
      }
    }
  }
  for (const uint32_t edge : edges) tell_node(now, edge, node::Moved{id, room.name, nodes_->name(owner)});
  output.events.push_back({LogLevel::kInfo, "room_handed_over", {"node", nodes_->name(owner)}, {}, room.tag, {}});
  if (here.seats.empty()) return;
  // Clients of this node may have been in another part of a divided room.
  const auto [entry, is_new] = nodes_->remote_rooms.try_emplace(room.name, here);
  RemoteRoom& remote = entry->second;
  if (!is_new) {
    for (const SeatId seat : here.seats) {
      if (std::find(remote.seats.begin(), remote.seats.end(), seat) == remote.seats.end()) remote.seats.push_back(seat);
    }
    remote.owner = owner;
    remote.id = {};
    remote.known = room;
    remote.lost = true;
  }
  for (const SeatId seat : remote.seats) place_at(seat, owner, {});
  ask_owner_to_attach(now, remote);
}

void Hub::heed(Now now, uint32_t, const node::HandedOver& handed, Output& output) {
  SavedRoom room = handed.room;
  number_nodes(room);
  RoomOutput said;
  host_.adopt(now, room, said);
  obey(now, said, output);
}

// ---- used tickets: all nodes know all ----

void Hub::obey(Now now, RoomTicketSpent& spent, Output&, Asking*) {
  for (const NodeView& node : nodes_->cluster.membership().view()) {
    const uint32_t number = nodes_->number(node.address.node);
    if (number != kThisNode) tell_node(now, number, node::TicketsSpent{{spent.use}});
  }
}

void Hub::heed(Now now, uint32_t, const node::TicketsSpent& spent, Output&) {
  for (const TicketUse& use : spent.uses) host_.note_spent(now, use);
}

// To a node that may not have heard of them.
void Hub::tell_spent_tickets(Now now, uint32_t node) {
  node::TicketsSpent some;
  for (const TicketUse& use : host_.spent_tickets()) {
    some.uses.push_back(use);
    if (some.uses.size() == kTicketsAtOnce) tell_node(now, node, std::exchange(some, {}));
  }
  if (!some.uses.empty()) tell_node(now, node, some);
}

// ---- comparing books ----

void Hub::tell_audit(Now now, uint32_t node, RoomId id) {
  tell_node(now, node,
            node::Audited{id, std::string(host_.name_of(id)), host_.at(id), host_.seats_at(id, node),
                          host_.waiting_at(id, node)});
}

void Hub::heed(Now now, uint32_t from, const node::AuditAsked& asked, Output&) {
  const auto id = host_.find_room(asked.room);
  if (id && *id == asked.id) return tell_audit(now, from, *id);
  tell_node(now, from, node::Moved{asked.id, asked.room, nodes_->name(kThisNode)});
}

// ---- passing on ----

template <typename Message>
void Hub::pass_on(Now now, uint32_t edge, std::string_view room, const Message& message) {
  tell_node(now, nodes_->owner_of(room),
            node::PassedOn{nodes_->name(edge), std::string(room), node::encode(message),
                           static_cast<uint8_t>(nodes_->hops + 1)});
}

template <typename Message>
bool Hub::pass_on_if_handed_over(Now now, uint32_t edge, RoomId id, const Message& message) {
  const auto found = std::find_if(nodes_->handed_over.rbegin(), nodes_->handed_over.rend(),
                                  [&](const Nodes::HandedOver& entry) { return entry.id == id; });
  if (found == nodes_->handed_over.rend()) return false;
  tell_node(now, found->owner, node::PassedOn{nodes_->name(edge), found->room, node::encode(message), 1});
  return true;
}

void Hub::heed(Now now, uint32_t, const node::PassedOn& passed, Output& output) {
  auto message = node::decode(passed.message);
  if (!message) return stats_.node_messages_malformed.add();
  if (passed.hops > kHopsMax) return;
  // The former owner's id for the room means nothing here.
  const RoomId id = host_.find_room(passed.room).value_or(RoomId{});
  std::visit(
      [&](auto& what) {
        if constexpr (requires { what.former; }) what.former = {};
        if constexpr (
            requires { what.seat; } && requires { RoomId(what.room); })
          what.room = id;
      },
      *message);
  nodes_->hops = passed.hops;
  heed(now, nodes_->number(passed.edge), *message, output);
  nodes_->hops = 0;
}

}  // namespace noom::signal
