// An allocation and what hangs on it, as plain movable values: RFC 8656 §3.2, §9, §12. Who finds them and when they end
// is core.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/user_entry.h"
#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/wire/stun_types.h"
#include "turn/core/event.h"
#include "turn/core/key.h"
#include "turn/core/output.h"
#include "turn/core/rates.h"

namespace noom::turn {

// Which attribute proved a request, and therefore proves its response (RFC 8489 §9.2.4).
enum class Integrity : uint8_t { kNone, kSha1, kSha256 };

struct Permission {
  IpAddress peer;
  Mono expires;
};
struct Channel {
  IpEndpoint peer;
  uint16_t number = 0;
  Mono expires;
};

// The relayed transport address of one family, §7.2; it may end before that of the other (§8.2).
struct RelayOfFamily {
  RelayId id;  // invalid: there is none
  Mono expires{};
};

// Where a client is: its five-tuple, and the shard whose sockets hear it.
struct Place {
  FiveTuple client;
  uint32_t shard = kThisShard;
};

// An allocation whose client may move to another five-tuple, RFC 8016.
struct Mobility {
  bool on = false;                // it asked for a ticket
  bool absent = false;            // its connection closed and it has not come with its ticket yet
  uint16_t tickets = 0;           // number of the good one: how often it has moved
  std::optional<Place> arriving;  // where it moved to, until data comes from there
  // The Refresh that moved it, for retransmissions.
  wire::TransactionId transaction_id{};
  uint32_t granted_s = 0;
};

// Lookups see what is live at `now` only; what has expired stays until the allocation's next deadline removes it.
struct Allocation {
  FiveTuple client;                    // where data for it goes
  uint32_t client_shard = kThisShard;  // as Place::shard
  Mobility mobility;
  std::array<RelayOfFamily, 2> relays;  // see relay(); more than one with ADDITIONAL-ADDRESS-FAMILY
  bool tcp = false;                     // RFC 6062: its peers are reached by TCP
  bool open = false;                    // every relay's socket is bound and the client has been told

  // The Allocate request, for its answer and for retransmissions (§7.2).
  wire::TransactionId transaction_id{};
  bool fingerprint = false;
  Integrity integrity = Integrity::kNone;
  uint32_t granted_s = 0;
  uint64_t reservation_token = 0;         // 0: none was given
  std::array<uint16_t, 2> unavailable{};  // by family like relays: the code of its ADDRESS-ERROR-CODE, or 0

  Key key;
  std::string username;
  bool by_token = false;                   // the key came in an access token, whose key id is the username
  Wall credentials_expire = Wall::max();   // max: they do not
  auth::UserLimits limits;                 // this user's own
  std::unique_ptr<AllocationRates> rates;  // null: no limit, the usual case

  Mono created{};
  Mono credential_deadline = Mono::max();  // Settings::end_at_credential_expiry

  AllocationTraffic traffic;
  std::vector<Permission> permissions;        // ordered by peer
  std::vector<Channel> channels;              // ordered by number
  std::vector<PeerConnectionId> connections;  // RFC 6062: those being made too, at most Settings::peer_connections_max

  // The name that quotas go by: of time-limited credentials ("<expiry>:<name>") the part that stays when they are
  // renewed.
  std::string_view quota_user() const;

  const Permission* permission(const IpAddress& peer, Mono now) const;  // O(log n)
  const Channel* channel(uint16_t number, Mono now) const;              // O(log n)
  const Channel* channel_to(const IpEndpoint& peer, Mono now) const;    // O(n)

  RelayOfFamily& relay(Family family) { return relays[family == Family::kV6]; }
  const RelayOfFamily& relay(Family family) const { return relays[family == Family::kV6]; }
  bool has(Family family) const { return relay(family).id.valid(); }
  bool has_any() const { return has(Family::kV4) || has(Family::kV6); }
  bool is_live(Family family, Mono now) const {
    return open && has(family) && relay(family).expires > now && credential_deadline > now;
  }
  bool is_live(Mono now) const { return is_live(Family::kV4, now) || is_live(Family::kV6, now); }
  void live_until(Mono expires);  // all its relays

  // Installs or refreshes. True when it is new.
  bool permit(const IpAddress& peer, Mono permission_expires);
  bool bind(uint16_t number, const IpEndpoint& peer, Mono channel_expires);
  struct Removed {
    size_t permissions;
    size_t channels;
  };
  // Removes what is denied, channels too; returns how many of each.
  template <typename Denied>
  Removed remove_denied(Denied&& denied) {
    return {.permissions = std::erase_if(permissions, [&](const Permission& p) { return denied(p.peer); }),
            .channels = std::erase_if(channels, [&](const Channel& c) { return denied(c.peer.address); })};
  }
  // Removes what has expired; returns how many of each.
  Removed remove_expired(Mono now);
  // Removes those of a family; likewise.
  Removed remove_peers_of(Family family);
  // The first moment at which something here ends.
  Mono next_deadline() const;
};

}  // namespace noom::turn
