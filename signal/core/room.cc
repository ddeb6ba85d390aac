#include "signal/core/room.h"

#include <algorithm>

namespace noom::signal {

Member* Room::find(std::string_view peer) {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.peer == peer; });
  return found == members_.end() ? nullptr : &*found;
}

void Room::join(Member member) {
  members_.push_back(std::move(member));
  ++seq_;
}

void Room::leave(std::string_view peer) {
  if (std::erase_if(members_, [&](const Member& member) { return member.peer == peer; }) > 0) ++seq_;
}

void Room::update(Member& member, std::optional<std::string> name, std::optional<std::string_view> metadata_json) {
  if (name) member.name = *std::move(name);
  if (metadata_json) member.metadata_json = *metadata_json;
  ++seq_;
}

EventPosition Room::count_broadcast() {
  ++seq_;
  return at();
}

std::vector<SessionId> Room::others(std::string_view peer) const {
  std::vector<SessionId> sessions;
  sessions.reserve(members_.size());
  for (const Member& member : members_) {
    if (member.peer != peer) sessions.push_back(member.session);
  }
  return sessions;
}

std::vector<PeerView> Room::views_of_others(std::string_view peer) const {
  std::vector<PeerView> views;
  views.reserve(members_.size());
  for (const Member& member : members_) {
    if (member.peer != peer) views.push_back(member.view());
  }
  return views;
}

}  // namespace noom::signal
