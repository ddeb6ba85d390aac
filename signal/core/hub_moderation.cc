// The requests of those who moderate: asked of the host of the room, here or at another node.
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

constexpr uint32_t kCutOffRetryAfter = 2;  // seconds

}  // namespace

void Hub::handle(Asking& asking, Configure& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, Kick& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, Admit& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, Deny& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, RequestMute& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, SetRole& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, EndRoom& request) {
  moderate(asking, request);
}
void Hub::handle(Asking& asking, Invite& request) {
  moderate(asking, request);
}

// What is decided while other nodes and relays cannot hear of it would hold only here.
template <typename Body>
void Hub::moderate(Asking& asking, Body& body) {
  if (asking.seat->place.valid() && is_cut_off())
    return refuse(asking, ErrorCode::kUnavailable, "This server is cut off from its other nodes; ask again soon.",
                  kCutOffRetryAfter);
  if (asking.seat->place.valid() && !asking.seat->place.is_here()) return ask_owner(asking);
  RoomOutput said;
  ask_host(asker(asking), body, said);
  obey(asking.now, said, asking.output, &asking);
}

void Hub::ask_host(const RoomAsker& asker, Configure& configure, RoomOutput& said) {
  host_.configure(asker, configure, said);
}
void Hub::ask_host(const RoomAsker& asker, Kick& kick, RoomOutput& said) {
  host_.kick(asker, kick, said);
}
void Hub::ask_host(const RoomAsker& asker, Admit& admit, RoomOutput& said) {
  host_.admit(asker, admit, said);
}
void Hub::ask_host(const RoomAsker& asker, Deny& deny, RoomOutput& said) {
  host_.deny(asker, deny, said);
}
void Hub::ask_host(const RoomAsker& asker, RequestMute& mute, RoomOutput& said) {
  host_.request_mute(asker, mute, said);
}
void Hub::ask_host(const RoomAsker& asker, SetRole& set_role, RoomOutput& said) {
  host_.set_role(asker, set_role, said);
}
void Hub::ask_host(const RoomAsker& asker, EndRoom& end, RoomOutput& said) {
  host_.end_room(asker, end, said);
}
void Hub::ask_host(const RoomAsker& asker, Invite& invite, RoomOutput& said) {
  host_.invite(asker, invite, said);
}

}  // namespace noom::signal
