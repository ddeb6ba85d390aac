#include "signal/core/saved_state.h"

#include <absl/container/flat_hash_map.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

namespace noom::signal {
namespace {

namespace json = boost::json;

constexpr uint64_t kVersion = 1;

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
                     {"generation", seat.generation},
                     {"oldest", seat.oldest},
                     {"received", seat.received},
                     {"appended", seat.appended},
                     {"kept", std::move(kept)},
                     {"lost_ms", milliseconds(seat.lost_since)},
                     {"lost_by", seat.lost_by},
                     {"told_away", seat.told_away}};
  if (seat.ice_left) entry["ice_left_ms"] = milliseconds(*seat.ice_left);
  return entry;
}

json::object encode_room(const SavedRoom& room) {
  json::array members;
  for (const SavedMember& member : room.members) {
    json::object entry{{"seat", member.seat},
                       {"peer", member.peer},
                       {"name", member.name},
                       {"metadata", member.metadata_json},
                       {"host", member.is_host},
                       {"away", member.away},
                       {"since_epoch", member.since.epoch},
                       {"since_seq", member.since.seq}};
    if (member.metadata_left) entry["metadata_left_ms"] = milliseconds(*member.metadata_left);
    members.push_back(std::move(entry));
  }
  return {{"name", room.name},
          {"tag", room.tag},
          {"epoch", room.at.epoch},
          {"seq", room.at.seq},
          {"members", std::move(members)}};
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

SavedSeat decode_seat(const json::value& value, const std::vector<Text>& texts) {
  SavedSeat seat{.tag = text_at(value, "tag"),
                 .host = text_at(value, "host"),
                 .generation = number_at(value, "generation"),
                 .oldest = number_at(value, "oldest"),
                 .received = number_at(value, "received"),
                 .appended = number_at(value, "appended"),
                 .kept = {},
                 .lost_since = std::chrono::milliseconds(number_at(value, "lost_ms")),
                 .lost_by = number_at(value, "lost_by"),
                 .told_away = flag_at(value, "told_away"),
                 .ice_left = {}};
  if (value.as_object().contains("ice_left_ms"))
    seat.ice_left = std::chrono::milliseconds(number_at(value, "ice_left_ms"));
  for (const json::value& number : value.at("kept").as_array()) {
    seat.kept.push_back(texts.at(number.to_number<uint64_t>()));
  }
  return seat;
}

SavedRoom decode_room(const json::value& value) {
  SavedRoom room{.name = text_at(value, "name"),
                 .tag = text_at(value, "tag"),
                 .at = {number_at(value, "epoch"), number_at(value, "seq")},
                 .members = {}};
  for (const json::value& member : value.at("members").as_array()) {
    room.members.push_back({.seat = number_at(member, "seat"),
                            .peer = text_at(member, "peer"),
                            .name = text_at(member, "name"),
                            .metadata_json = text_at(member, "metadata"),
                            .metadata_left = {},
                            .is_host = flag_at(member, "host"),
                            .away = flag_at(member, "away"),
                            .since = {number_at(member, "since_epoch"), number_at(member, "since_seq")}});
    if (member.as_object().contains("metadata_left_ms"))
      room.members.back().metadata_left = std::chrono::milliseconds(number_at(member, "metadata_left_ms"));
  }
  return room;
}

}  // namespace

std::string encode_state(const SavedState& state) {
  TextTable texts;
  json::array seats, rooms;
  for (const SavedSeat& seat : state.seats) seats.push_back(encode_seat(seat, texts));
  for (const SavedRoom& room : state.rooms) rooms.push_back(encode_room(room));
  return json::serialize(json::object{{"version", kVersion},
                                      {"saved_ms", milliseconds(state.saved.time_since_epoch())},
                                      {"last_epoch", state.last_epoch},
                                      {"texts", texts.take()},
                                      {"seats", std::move(seats)},
                                      {"rooms", std::move(rooms)}});
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
  return state;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace noom::signal
