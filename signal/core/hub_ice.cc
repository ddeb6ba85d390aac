// STUN and TURN servers for the members of rooms: minted when they join, renewed at two thirds of the credentials'
// life, and replaced when a relay they were given goes away.
#include <algorithm>

#include "common/auth/credentials.h"
#include "signal/core/host.h"
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

// Over this time members of a relay that goes away are told, so that not all of them allocate anew at once.
constexpr uint32_t kMoveSpread_ms = 2000;

}  // namespace

void Hub::handle(Asking& asking, AskIceServers&) {
  if (!asking.seat->place.valid() || asking.seat->place.waiting)
    return refuse(asking, ErrorCode::kNotJoined, "Join a room first.");
  tell_ice_servers(asking.now, asking.seat_id, asking.re, asking.output);
}

void Hub::tell_ice_servers(Now now, SeatId id, std::string_view re, Output& output) {
  Seat& seat = *seats_.find(id);
  const bool restart = seat.place.ice_leaves;
  const std::vector<IceServer> servers = mint_ice_servers(now, seat);
  std::optional<Duration> ttl;
  if (!settings_->turn_secret.empty()) ttl = settings_->turn_ttl;
  deliver(build_ice_servers(re, {seat.place.name, &servers, ttl, restart}), id, output);
  set_seat_deadline(id, *seats_.find(id));
}

// The username says to noom-turn which room and peer an allocation belongs to, by tags that give nothing away.
std::vector<IceServer> Hub::mint_ice_servers(Now now, Seat& seat) {
  IceServer stun;
  std::vector<IceServer> relays;
  const auto picked = ice_ranking_.pick(seat.place.tag + seat.place.peer, seat.place.relays);
  const bool ranked = ice_ranking_.has_usable() || !has_static_relays();
  seat.place.relays.clear();
  if (ranked) {
    for (const auto& [node, urls] : picked) {
      relays.push_back({.urls = *urls, .username = {}, .credential = {}});
      seat.place.relays.push_back(node);
    }
  }
  IceServer fixed;
  for (const std::string& pattern : settings_->ice_urls) {
    const bool is_relay = pattern.starts_with("turn");
    if (is_relay && ranked && !relays.empty()) continue;
    (is_relay ? fixed : stun).urls.push_back(fill_host(pattern, seat.host));
  }
  if (!fixed.urls.empty()) relays.push_back(std::move(fixed));

  std::vector<IceServer> servers;
  if (!stun.urls.empty()) servers.push_back(std::move(stun));
  seat.place.ice_leaves = false;
  seat.place.ice_due.reset();
  if (relays.empty() || settings_->turn_secret.empty()) return servers;
  const auto credentials = auth::mint_rest_credentials(settings_->turn_secret, seat.place.tag + "." + seat.place.peer,
                                                       now.wall + settings_->turn_ttl);
  stats_.credentials_minted.add();
  seat.place.ice_due = now.mono + settings_->turn_ttl * 2 / 3;
  for (IceServer& relay : relays) {
    relay.username = credentials.username;
    relay.credential = credentials.password;
    servers.push_back(std::move(relay));
  }
  return servers;
}

bool Hub::has_static_relays() const {
  return std::any_of(settings_->ice_urls.begin(), settings_->ice_urls.end(),
                     [](const std::string& url) { return url.starts_with("turn"); });
}

void Hub::on_revocation(Now now, const Revocation& revocation) {
  revocations_.add(now.wall, revocation);
}

void Hub::on_relay_status(Now now, const RelayStatus& status, Output& output) {
  if (revocations_.may_have_missed(status)) {
    for (Revocation& revocation : revocations_.live(now.wall)) output.revocations.push_back(std::move(revocation));
  }
  if (const auto leaving = ice_ranking_.update(now.mono, status)) move_away_from(now, *leaving);
}

// Who was given the relay gets others soon, if there are any.
void Hub::move_away_from(Now now, RelayNode relay) {
  if (!ice_ranking_.has_usable() && !has_static_relays()) return;
  seats_.for_each([&](SeatId id, Seat& seat) {
    const auto& relays = seat.place.relays;
    if (std::find(relays.begin(), relays.end(), relay) == relays.end()) return;
    seat.place.ice_leaves = true;
    seat.place.ice_due = now.mono + std::chrono::milliseconds(random_.below(kMoveSpread_ms));
    set_seat_deadline(id, seat);
  });
}

}  // namespace noom::signal
