// One room: who is in it, in which order they came, and the count of its events. Decides capacity and roles; knows
// sessions only as the addresses of deliveries, and neither limits nor JSON requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/handle.h"
#include "signal/core/codec.h"
#include "signal/core/output.h"

namespace noom::signal {

struct RoomTag;
using RoomId = Handle<RoomTag>;
using PeerId = std::string;  // "p_…", drawn for each join

struct Member {
  SessionId session;
  PeerId peer;
  std::string name;
  std::string metadata_json;

  PeerView view() const { return {peer, name, metadata_json}; }
};

// Lives as long as it has members. Every event takes the next seq and goes to each member once. Members are in order of
// joining: whoever stands behind is the polite one of a pair. O(members) for look-ups; members are few
// (kRoomCapacityMax).
class Room {
 public:
  // `tag` names the room where its name must not appear: in logs and TURN usernames.
  Room(std::string name, std::string tag, uint64_t epoch, size_t capacity)
      : name_(std::move(name)), tag_(std::move(tag)), epoch_(epoch), capacity_(capacity) {}

  const std::string& name() const { return name_; }
  const std::string& tag() const { return tag_; }
  bool full() const { return members_.size() >= capacity_; }
  bool empty() const { return members_.empty(); }
  size_t capacity() const { return capacity_; }
  const std::vector<Member>& members() const { return members_; }
  EventPosition at() const { return {epoch_, seq_}; }

  // Borrowed until the next join or leave; nullptr when there is nobody of that name.
  Member* find(std::string_view peer);

  // Each takes the next seq. `member` must not be in the room yet and the room not full.
  void join(Member member);
  void leave(std::string_view peer);
  void update(Member& member, std::optional<std::string> name, std::optional<std::string_view> metadata_json);
  EventPosition count_broadcast();

  // Everyone's session but that peer's.
  std::vector<SessionId> others(std::string_view peer) const;
  std::vector<PeerView> views_of_others(std::string_view peer) const;

 private:
  std::string name_;
  std::string tag_;
  uint64_t epoch_ = 0;
  uint64_t seq_ = 0;
  size_t capacity_ = 0;
  std::vector<Member> members_;
};

}  // namespace noom::signal
