#include "signal/core/cluster/node_messages.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "signal/core/cluster/fields.h"

namespace noom::signal {

// Beside the types they list, for argument-dependent lookup.
template <typename Archive>
void each_field(Archive& archive, EventPosition& at) {
  archive(at.epoch, at.seq);
}
template <typename Archive>
void each_field(Archive& archive, Counted& counted) {
  archive(counted.at, counted.whole);
}
template <typename Archive>
void each_field(Archive& archive, SavedDelivery& delivery) {
  archive(delivery.text, delivery.counted);
}
template <typename Archive>
void each_field(Archive& archive, SavedMember& member) {
  archive(member.peer, member.identity, member.mark, member.name, member.metadata_json, member.metadata_left,
          member.role, member.may_inherit, member.name_is_given, member.away, member.since, member.joined_s,
          member.waiting_left, member.session, member.node, member.incarnation, member.address.seat, member.kept,
          member.has_gap);
}
template <typename Archive>
void each_field(Archive& archive, SavedBan& ban) {
  archive(ban.identity, ban.session, ban.mark, ban.left);
}
template <typename Archive>
void each_field(Archive& archive, SavedRoom& room) {
  archive(room.name, room.tag, room.at, room.made_s, room.locked, room.lobby, room.password_key, room.password_hash,
          room.members, room.waiting, room.bans);
}
template <typename Archive>
void each_field(Archive& archive, TicketUse& use) {
  Duration since_epoch = use.expires.time_since_epoch();
  archive(since_epoch, use.id);
  use.expires = Wall(since_epoch);
}
template <typename Archive>
void each_field(Archive& archive, Grant& grant) {
  archive(grant.identity, grant.role, grant.name, grant.metadata_json, grant.once);
}
template <typename Archive>
void each_field(Archive& archive, SavedSeat& seat) {
  archive(seat.tag, seat.host, seat.life, seat.generation, seat.oldest, seat.received, seat.appended, seat.told_away,
          seat.ice_left, seat.counted_since, seat.at);
  // The ring's texts are shared within a process.
  std::vector<std::string> kept;
  for (const Text& text : seat.kept) kept.push_back(*text);
  archive(kept);
  if constexpr (std::is_same_v<Archive, FieldReader>) {
    for (std::string& text : kept) seat.kept.push_back(std::make_shared<const std::string>(std::move(text)));
  }
}

template <typename Archive>
void each_field(Archive& archive, RoomCursor& cursor) {
  archive(cursor.node, cursor.slot);
}
template <typename Archive>
void each_field(Archive& archive, OperatorQuestion& question) {
  archive(question.kind, question.from, question.limit, question.room, question.peer, question.ban, question.message);
}
template <typename Archive>
void each_field(Archive& archive, RoomFlags& flags) {
  archive(flags.locked, flags.lobby, flags.has_password);
}
template <typename Archive>
void each_field(Archive& archive, RoomSummary& room) {
  archive(room.name, room.tag, room.owner, room.members, room.waiting, room.capacity, room.flags, room.at,
          room.since_s);
}
template <typename Archive>
void each_field(Archive& archive, MemberSummary& member) {
  archive(member.peer, member.name, member.session, member.identity, member.node, member.role, member.away,
          member.since_s);
}
template <typename Archive>
void each_field(Archive& archive, OperatorRefusal& refusal) {
  archive(refusal.why, refusal.node);
}
// What the page lacks is the asking node's to say.
template <typename Archive>
void each_field(Archive& archive, OperatorAnswer& answer) {
  archive(answer.refusal, answer.page.rooms, answer.page.next, answer.detail.room, answer.detail.members);
}

namespace node {

template <typename Archive>
void each_field(Archive& archive, OperatorAsked& m) {
  archive(m.number, m.question);
}
template <typename Archive>
void each_field(Archive& archive, OperatorAnswered& m) {
  archive(m.number, m.answer);
}
template <typename Archive>
void each_field(Archive& archive, JoinAsked& m) {
  archive(m.seat, m.session, m.mark, m.grant, m.claimed_room, m.claimed_peer, m.frame);
}
template <typename Archive>
void each_field(Archive& archive, Asked& m) {
  archive(m.seat, m.room, m.frame);
}
template <typename Archive>
void each_field(Archive& archive, SeatEnded& m) {
  archive(m.seat, m.room, m.reason);
}
template <typename Archive>
void each_field(Archive& archive, SeatAway& m) {
  archive(m.seat, m.room, m.away);
}
template <typename Archive>
void each_field(Archive& archive, SeatDetaching& m) {
  archive(m.seat, m.room);
}
template <typename Archive>
void each_field(Archive& archive, AttachAsked::Own& own) {
  archive(own.peer, own.seat, own.at, own.waiting);
}
template <typename Archive>
void each_field(Archive& archive, AttachAsked& m) {
  archive(m.former, m.room, m.own, m.lost);
}
template <typename Archive>
void each_field(Archive& archive, Delivered& m) {
  archive(m.seats, m.room, m.text, m.subject, m.stub, m.counted);
}
template <typename Archive>
void each_field(Archive& archive, Joined::Waiting& waiting) {
  archive(waiting.peer, waiting.name);
}
template <typename Archive>
void each_field(Archive& archive, Joined& m) {
  archive(m.seat, m.re, m.id, m.peer, m.room, m.waiting);
}
template <typename Archive>
void each_field(Archive& archive, Waits& m) {
  archive(m.seat, m.id, m.peer, m.room, m.text);
}
template <typename Archive>
void each_field(Archive& archive, Rules& m) {
  archive(m.room);
}
template <typename Archive>
void each_field(Archive& archive, LeftRoom& m) {
  archive(m.seat, m.text, m.room);
}
template <typename Archive>
void each_field(Archive& archive, Refused& m) {
  archive(m.seat, m.re, m.code, m.message, m.retry_after_s);
}
template <typename Archive>
void each_field(Archive& archive, SeatDetached& m) {
  archive(m.seat);
}
template <typename Archive>
void each_field(Archive& archive, Moved& m) {
  archive(m.id, m.room, m.owner);
}
template <typename Archive>
void each_field(Archive& archive, Attached& m) {
  archive(m.seat, m.id, m.room, m.whole);
}
template <typename Archive>
void each_field(Archive& archive, Changed& m) {
  archive(m.room, m.at, m.member, m.gone);
}
template <typename Archive>
void each_field(Archive& archive, Census& m) {
  archive(m.room);
}
template <typename Archive>
void each_field(Archive& archive, CensusAnswered& m) {
  archive(m.room, m.owns);
}
template <typename Archive>
void each_field(Archive& archive, HandedOver& m) {
  archive(m.room);
}
template <typename Archive>
void each_field(Archive& archive, PassedOn& m) {
  archive(m.edge, m.room, m.message, m.hops);
}
template <typename Archive>
void each_field(Archive& archive, AuditAsked& m) {
  archive(m.id, m.room);
}
template <typename Archive>
void each_field(Archive& archive, Audited& m) {
  archive(m.id, m.room, m.at, m.seats, m.waiting);
}
template <typename Archive>
void each_field(Archive& archive, Bounced& m) {
  archive(m.seat, m.frame);
}
template <typename Archive>
void each_field(Archive& archive, TicketsSpent& m) {
  archive(m.uses);
}
template <typename Archive>
void each_field(Archive& archive, SeatWanted& m) {
  archive(m.session, m.tag, m.life, m.generation, m.received);
}
template <typename Archive>
void each_field(Archive& archive, SeatGiven& m) {
  archive(m.session, m.outcome, m.seat, m.owner, m.room_id, m.room, m.peer, m.waiting);
}

namespace {

constexpr uint8_t kVersion = 2;

template <size_t I = 0>
std::optional<Message> decode_kind(uint8_t kind, FieldReader& reader) {
  if constexpr (I < std::variant_size_v<Message>) {
    if (kind != I) return decode_kind<I + 1>(kind, reader);
    std::variant_alternative_t<I, Message> message;
    each_field(reader, message);
    if (!reader.done()) return std::nullopt;
    return Message(std::move(message));
  } else {
    return std::nullopt;
  }
}

// An enum that came from outside must name one of its values.
bool in_range(const Message& message) {
  if (const auto* asked = std::get_if<JoinAsked>(&message))
    return !asked->grant.role || static_cast<size_t>(*asked->grant.role) < kRoleCount;
  if (const auto* ended = std::get_if<SeatEnded>(&message))
    return static_cast<size_t>(ended->reason) < kLeaveReasonCount;
  if (const auto* refused = std::get_if<Refused>(&message)) return static_cast<size_t>(refused->code) < kErrorCodeCount;
  if (const auto* given = std::get_if<SeatGiven>(&message))
    return static_cast<size_t>(given->outcome) < kResumeOutcomeCount;
  if (const auto* asked = std::get_if<OperatorAsked>(&message))
    return static_cast<size_t>(asked->question.kind) < kOperatorQuestionKinds;
  if (const auto* answered = std::get_if<OperatorAnswered>(&message)) {
    const auto& [refusal, page, detail] = answered->answer;
    return (!refusal || static_cast<size_t>(refusal->why) < kOperatorRefusals) &&
           std::all_of(detail.members.begin(), detail.members.end(),
                       [](const MemberSummary& member) { return static_cast<size_t>(member.role) < kRoleCount; });
  }
  return true;
}

}  // namespace

std::string encode(const Message& message) {
  std::string bytes;
  FieldWriter writer(bytes);
  writer(kVersion, static_cast<uint8_t>(message.index()));
  std::visit([&](const auto& what) { writer(what); }, message);
  return bytes;
}

std::optional<Message> decode(std::string_view bytes) {
  FieldReader reader(bytes);
  uint8_t version = 0;
  uint8_t kind = 0;
  reader(version, kind);
  if (version != kVersion) return std::nullopt;
  auto message = decode_kind(kind, reader);
  return message && in_range(*message) ? std::move(message) : std::nullopt;
}

}  // namespace node
}  // namespace noom::signal
