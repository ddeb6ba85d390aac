#include "signal/core/saved_state.h"

#include <absl/container/flat_hash_map.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <stdexcept>

#include "common/auth/base64url.h"
#include "signal/core/role.h"

namespace noom::signal {
namespace {

namespace json = boost::json;

constexpr uint64_t kVersion = 4;

int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Gives each text a number, in the order of their first use.
class TextTable {
 public:
  uint64_t number_of(const Text& text) {
    const auto [entry, is_new] = numbers_.try_emplace(text.get(), texts_.size());
    if (is_new) texts_.emplace_back(*text);
    return entry->second;
  }
  json::array take() { return std::move(texts_); }

 private:
  absl::flat_hash_map<const std::string*, uint64_t> numbers_;  // looked up, never iterated
  json::array texts_;
};

json::object encode_seat(const SavedSeat& seat, TextTable& texts) {
  json::array kept;
  for (const Text& text : seat.kept) kept.emplace_back(texts.number_of(text));
  json::object entry{{"tag", seat.tag},
                     {"host", seat.host},
                     {"life", seat.life},
                     {"generation", seat.generation},
                     {"oldest", seat.oldest},
                     {"received", seat.received},
                     {"appended", seat.appended},
                     {"kept", std::move(kept)},
                     {"lost_ms", milliseconds(seat.lost_since)},
                     {"lost_by", seat.lost_by},
                     {"told_away", seat.told_away},
                     {"counted_since", seat.counted_since},
                     {"epoch", seat.at.epoch},
                     {"seq", seat.at.seq}};
  if (seat.ice_left) entry["ice_left_ms"] = milliseconds(*seat.ice_left);
  return entry;
}

// JSON is text; these are any bytes.
std::string encode_bytes(std::string_view bytes) {
  return auth::encode_base64url(as_bytes(bytes));
}

json::array encode_members(const std::vector<SavedMember>& members) {
  json::array entries;
  for (const SavedMember& member : members) {
    json::object entry{{"seat", member.seat},
                       {"peer", member.peer},
                       {"session", member.session},
                       {"identity", member.identity},
                       {"mark", encode_bytes(member.mark)},
                       {"name", member.name},
                       {"metadata", member.metadata_json},
                       {"role", member.role},
                       {"may_inherit", member.may_inherit},
                       {"name_is_given", member.name_is_given},
                       {"away", member.away},
                       {"since_epoch", member.since.epoch},
                       {"since_seq", member.since.seq},
                       {"joined_s", member.joined_s},
                       {"waiting_left_ms", milliseconds(member.waiting_left)}};
    if (member.metadata_left) entry["metadata_left_ms"] = milliseconds(*member.metadata_left);
    entries.push_back(std::move(entry));
  }
  return entries;
}

json::object encode_room(const SavedRoom& room) {
  json::array bans;
  for (const SavedBan& ban : room.bans) {
    bans.push_back(json::object{{"identity", ban.identity},
                                {"session", ban.session},
                                {"mark", encode_bytes(ban.mark)},
                                {"left_ms", milliseconds(ban.left)}});
  }
  return {{"name", room.name},
          {"tag", room.tag},
          {"epoch", room.at.epoch},
          {"seq", room.at.seq},
          {"made_s", room.made_s},
          {"locked", room.locked},
          {"lobby", room.lobby},
          {"password_key", encode_bytes(room.password_key)},
          {"password_hash", encode_bytes(room.password_hash)},
          {"members", encode_members(room.members)},
          {"waiting", encode_members(room.waiting)},
          {"bans", std::move(bans)}};
}

// Reads of a wrong kind throw; decode_state catches.
std::string text_at(const json::value& object, std::string_view key) {
  return std::string(object.at({key.data(), key.size()}).as_string());
}
uint64_t number_at(const json::value& object, std::string_view key) {
  return object.at({key.data(), key.size()}).to_number<uint64_t>();
}
bool flag_at(const json::value& object, std::string_view key) {
  return object.at({key.data(), key.size()}).as_bool();
}

std::string bytes_at(const json::value& object, std::string_view key) {
  return auth::decode_base64url(text_at(object, key)).value();
}
Duration left_at(const json::value& object, std::string_view key) {
  return std::chrono::milliseconds(number_at(object, key));
}

SavedSeat decode_seat(const json::value& value, const std::vector<Text>& texts) {
  SavedSeat seat{.tag = text_at(value, "tag"),
                 .host = text_at(value, "host"),
                 .life = number_at(value, "life"),
                 .generation = number_at(value, "generation"),
                 .oldest = number_at(value, "oldest"),
                 .received = number_at(value, "received"),
                 .appended = number_at(value, "appended"),
                 .kept = {},
                 .lost_since = std::chrono::milliseconds(number_at(value, "lost_ms")),
                 .lost_by = number_at(value, "lost_by"),
                 .told_away = flag_at(value, "told_away"),
                 .ice_left = {},
                 .counted_since = number_at(value, "counted_since"),
                 .at = {number_at(value, "epoch"), number_at(value, "seq")}};
  if (value.as_object().contains("ice_left_ms"))
    seat.ice_left = std::chrono::milliseconds(number_at(value, "ice_left_ms"));
  for (const json::value& number : value.at("kept").as_array()) {
    seat.kept.push_back(texts.at(number.to_number<uint64_t>()));
  }
  return seat;
}

std::vector<SavedMember> decode_members(const json::value& entries) {
  std::vector<SavedMember> members;
  for (const json::value& entry : entries.as_array()) {
    members.push_back({.seat = number_at(entry, "seat"),
                       .peer = text_at(entry, "peer"),
                       .identity = text_at(entry, "identity"),
                       .mark = bytes_at(entry, "mark"),
                       .name = text_at(entry, "name"),
                       .metadata_json = text_at(entry, "metadata"),
                       .metadata_left = {},
                       .role = number_at(entry, "role"),
                       .may_inherit = flag_at(entry, "may_inherit"),
                       .name_is_given = flag_at(entry, "name_is_given"),
                       .away = flag_at(entry, "away"),
                       .since = {number_at(entry, "since_epoch"), number_at(entry, "since_seq")},
                       .joined_s = number_at(entry, "joined_s"),
                       .waiting_left = left_at(entry, "waiting_left_ms"),
                       .session = text_at(entry, "session")});
    if (entry.as_object().contains("metadata_left_ms"))
      members.back().metadata_left = left_at(entry, "metadata_left_ms");
    if (members.back().role >= kRoleCount) throw std::out_of_range("role");
  }
  return members;
}

SavedRoom decode_room(const json::value& value) {
  SavedRoom room{.name = text_at(value, "name"),
                 .tag = text_at(value, "tag"),
                 .at = {number_at(value, "epoch"), number_at(value, "seq")},
                 .made_s = number_at(value, "made_s"),
                 .locked = flag_at(value, "locked"),
                 .lobby = flag_at(value, "lobby"),
                 .password_key = bytes_at(value, "password_key"),
                 .password_hash = bytes_at(value, "password_hash"),
                 .members = decode_members(value.at("members")),
                 .waiting = decode_members(value.at("waiting")),
                 .bans = {}};
  for (const json::value& ban : value.at("bans").as_array()) {
    room.bans.push_back({.identity = text_at(ban, "identity"),
                         .session = text_at(ban, "session"),
                         .mark = bytes_at(ban, "mark"),
                         .left = left_at(ban, "left_ms")});
  }
  return room;
}

json::object encode_remote_room(const SavedRemoteRoom& room) {
  json::array own;
  for (const SavedRemoteRoom::Own& one : room.own)
    own.push_back(json::object{{"seat", one.seat}, {"peer", one.peer}, {"waiting", one.waiting}});
  return {{"known", encode_room(room.known)}, {"own", std::move(own)}};
}
SavedRemoteRoom decode_remote_room(const json::value& value) {
  SavedRemoteRoom room{decode_room(value.at("known")), {}};
  for (const json::value& one : value.at("own").as_array())
    room.own.push_back({number_at(one, "seat"), text_at(one, "peer"), flag_at(one, "waiting")});
  return room;
}

}  // namespace

std::string encode_state(const SavedState& state) {
  TextTable texts;
  json::array seats, rooms, remote_rooms, spent;
  for (const SavedSeat& seat : state.seats) seats.push_back(encode_seat(seat, texts));
  for (const SavedRoom& room : state.rooms) rooms.push_back(encode_room(room));
  for (const SavedRemoteRoom& room : state.remote_rooms) remote_rooms.push_back(encode_remote_room(room));
  for (const SavedTicketUse& use : state.spent)
    spent.push_back(json::object{{"expires_s", use.expires_s}, {"id", encode_bytes(use.id)}});
  return json::serialize(json::object{{"version", kVersion},
                                      {"saved_ms", milliseconds(state.saved.time_since_epoch())},
                                      {"last_epoch", state.last_epoch},
                                      {"texts", texts.take()},
                                      {"seats", std::move(seats)},
                                      {"rooms", std::move(rooms)},
                                      {"remote_rooms", std::move(remote_rooms)},
                                      {"spent", std::move(spent)}});
}

std::optional<SavedState> decode_state(std::string_view text) try {
  const json::value value = json::parse({text.data(), text.size()});
  if (number_at(value, "version") != kVersion) return std::nullopt;
  std::vector<Text> texts;
  for (const json::value& kept : value.at("texts").as_array())
    texts.push_back(std::make_shared<const std::string>(kept.as_string()));
  SavedState state;
  state.saved = Wall(std::chrono::milliseconds(number_at(value, "saved_ms")));
  state.last_epoch = number_at(value, "last_epoch");
  for (const json::value& seat : value.at("seats").as_array()) state.seats.push_back(decode_seat(seat, texts));
  for (const json::value& room : value.at("rooms").as_array()) state.rooms.push_back(decode_room(room));
  for (const json::value& room : value.at("remote_rooms").as_array())
    state.remote_rooms.push_back(decode_remote_room(room));
  for (const json::value& use : value.at("spent").as_array())
    state.spent.push_back({number_at(use, "expires_s"), bytes_at(use, "id")});
  return state;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace noom::signal
