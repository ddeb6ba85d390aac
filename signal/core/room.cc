#include "signal/core/room.h"

#include <algorithm>
#include <utility>

namespace noom::signal {

Member* Room::find(std::string_view peer) {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.peer == peer; });
  return found == members_.end() ? nullptr : &*found;
}

Member* Room::find(const SeatAddress& seat) {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.seat == seat; });
  return found == members_.end() ? nullptr : &*found;
}

void Room::join(Member member) {
  ++seq_;
  member.since = at();
  members_.push_back(std::move(member));
}

void Room::leave(std::string_view peer) {
  if (std::erase_if(members_, [&](const Member& member) { return member.peer == peer; }) > 0) ++seq_;
}

void Room::update(Member& member, std::optional<std::string> name, std::optional<std::string_view> metadata_json) {
  if (name) member.name = *std::move(name);
  if (metadata_json) member.metadata_json = *metadata_json;
  ++seq_;
}

void Room::set_away(Member& member, bool away) {
  member.away = away;
  ++seq_;
}

void Room::set_role(Member& member, Role role) {
  member.role = role;
  ++seq_;
}

EventPosition Room::count_event() {
  ++seq_;
  return at();
}

std::vector<SeatAddress> Room::everyone() const {
  return others("");
}

std::vector<SeatAddress> Room::others(std::string_view peer) const {
  std::vector<SeatAddress> seats;
  seats.reserve(members_.size());
  for (const Member& member : members_) {
    if (member.peer != peer) seats.push_back(member.seat);
  }
  return seats;
}

std::vector<SeatAddress> Room::others(std::string_view peer, std::string_view role) const {
  std::vector<SeatAddress> seats;
  for (const Member& member : members_) {
    if (member.peer != peer && to_string(member.role) == role) seats.push_back(member.seat);
  }
  return seats;
}

std::vector<SeatAddress> Room::moderators() const {
  std::vector<SeatAddress> seats;
  for (const Member& member : members_) {
    if (member.role >= Role::kModerator) seats.push_back(member.seat);
  }
  return seats;
}

Member* Room::heir() {
  Member* best = nullptr;
  for (Member& member : members_) {
    if (member.role == Role::kHost) return nullptr;
    if (member.role < Role::kMember || !member.may_inherit) continue;
    const auto rank = [](const Member& candidate) { return std::pair(candidate.role, !candidate.away); };
    if (best == nullptr || rank(member) > rank(*best)) best = &member;
  }
  return best;
}

Waiting* Room::find_waiting(std::string_view peer) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) { return one.guest.peer == peer; });
  return found == waiting_.end() ? nullptr : &*found;
}
Waiting* Room::find_waiting(const SeatAddress& seat) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) { return one.guest.seat == seat; });
  return found == waiting_.end() ? nullptr : &*found;
}

std::vector<PeerView> Room::views_of_others(std::string_view peer) const {
  std::vector<PeerView> views;
  views.reserve(members_.size());
  bool came_before = true;
  for (const Member& member : members_) {
    if (member.peer == peer) {
      came_before = false;
    } else {
      views.push_back(member.view(came_before));
    }
  }
  return views;
}

std::optional<Mono> Room::next_deadline() const {
  std::optional<Mono> next;
  const auto consider = [&](Mono deadline) {
    if (!next || deadline < *next) next = deadline;
  };
  for (const Member& member : members_) {
    if (member.metadata_ends) consider(*member.metadata_ends);
    if (member.detached != nullptr) consider(member.detached->ends);
  }
  for (const Waiting& waiting : waiting_) consider(waiting.ends());
  return next;
}

Member* Room::expired(Mono now) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    return member.detached != nullptr && member.detached->ends <= now;
  });
  return found == members_.end() ? nullptr : &*found;
}

Waiting* Room::waited_too_long(Mono now) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) { return waiting.ends() <= now; });
  return found == waiting_.end() ? nullptr : &*found;
}

std::vector<WaitingView> Room::views_of_waiting(Role role) const {
  std::vector<WaitingView> views;
  if (role < Role::kModerator) return views;
  for (const Waiting& waiting : waiting_) views.push_back({waiting.guest.peer, waiting.guest.name});
  return views;
}

Member* Room::metadata_ended(Mono now) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    return member.metadata_ends && *member.metadata_ends <= now;
  });
  return found == members_.end() ? nullptr : &*found;
}

void Room::restore(EventPosition at, std::vector<Member> members) {
  epoch_ = at.epoch;
  seq_ = at.seq;
  members_ = std::move(members);
}

}  // namespace noom::signal
