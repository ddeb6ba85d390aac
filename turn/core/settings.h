// What the operator decides about relaying, as one immutable snapshot, and what the shards share. Filled by
// turn/config; a shard reads its snapshot without locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/access_token.h"
#include "common/auth/client_policy.h"
#include "common/auth/credentials.h"
#include "common/auth/mobility_ticket.h"
#include "common/auth/nonce.h"
#include "common/auth/peer_policy.h"
#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"
#include "turn/core/limits.h"
#include "turn/core/quota.h"
#include "turn/core/rates.h"

namespace noom::turn {

// An address on which relays are opened, and the address that clients and peers know it by (the same unless the host is
// behind 1:1 NAT).
struct RelayAddress {
  IpAddress local;
  IpAddress external;  // same family as `local`; unspecified: not known yet, and no relay is opened here
  // Held by the relays known by `external`, so that it can be told when the last of them is gone.
  std::shared_ptr<const void> lease = nullptr;

  bool is_known() const { return !external.is_unspecified(); }
};

// Another address that relays on relay_addresses[pool] are known by, as long as its lease is held: a former one, or
// that of a listener.
struct OtherExternal {
  uint8_t pool = 0;
  IpAddress address;
  std::weak_ptr<const void> lease;
};

// Where clients may be sent instead, RFC 8489 §10.
struct Alternates {
  std::vector<IpEndpoint> servers;  // empty: nobody is sent anywhere
  std::string domain;               // ALTERNATE-DOMAIN, for clients over TLS; at most kDomainBytesMax; may be empty
  uint32_t above_allocations = 0;   // over all shards; 0: only while draining
};

struct Settings {
  std::string realm = "noom";                // at most kRealmBytesMax
  std::vector<std::string> listener_realms;  // by listener index: where not empty, it stands in place of `realm`
  Alternates alternates;
  std::string software;  // SOFTWARE of responses to verified clients; at most kSoftwareBytesMax, empty: none is sent
  std::shared_ptr<const auth::CredentialStore> credentials;
  // RFC 8489 §9.2: SHA-256 keys beside MD5 ones, with protection against bidding down, and names hidden behind their
  // hash where every name can be found by it.
  bool offer_password_algorithms = true;
  std::shared_ptr<const auth::TokenKeys> token_keys;  // RFC 7635; null: access tokens are not taken
  std::shared_ptr<const auth::PeerPolicy> peer_policy;
  std::shared_ptr<const auth::ClientPolicy> client_policy;  // null: everybody is served

  // RFC 8016: clients that ask for a ticket may take their allocation to another five-tuple; off: they get 405.
  bool mobility = true;
  std::shared_ptr<const auth::TicketKeys> ticket_keys;  // shared with other processes; null: Shared's own

  std::vector<RelayAddress> relay_addresses;  // at most 64; either family may be missing: asked for, it is answered 440
  std::vector<OtherExternal> other_externals;  // see carry_over()
  // By listener index: where the relays of its clients are opened, each with a `local` of relay_addresses, and what
  // they are known by; none, or an empty list: relay_addresses.
  std::vector<std::vector<RelayAddress>> listener_relays;
  // The relay's family without REQUESTED-ADDRESS-FAMILY: IPv4 says RFC 8656 §7.2; empty: that of the client's address.
  std::optional<Family> family_when_unasked = Family::kV4;
  uint16_t port_min = kRelayPortMinDefault;
  uint16_t port_max = kRelayPortMaxDefault;
  bool tcp_relays = true;    // RFC 6062; otherwise REQUESTED-TRANSPORT TCP is answered 442
  uint32_t shard_count = 1;  // a shard owns the ports with (port / 2) % shard_count == shard, on every relay address

  // RFC 8656 §3.2, §7.2: granted is max(default, min(asked, max)); §9: permissions; §12: channels.
  Duration lifetime_default = std::chrono::seconds(600);
  Duration lifetime_max = std::chrono::seconds(3600);
  Duration permission_lifetime = std::chrono::seconds(300);
  Duration channel_lifetime = std::chrono::seconds(600);
  bool end_at_credential_expiry = true;  // an allocation ends with the time-limited credentials it was made with
  bool end_at_revocation = true;         // likewise when a reload no longer knows the credentials it was made with

  // 0 means no limit for the first two.
  uint32_t allocations_per_user_max = 0;  // over all shards; answered 486
  uint32_t allocations_max = 0;           // over all shards; answered 508
  uint32_t permissions_max = 256;         // per allocation; answered 508
  uint32_t channels_max = 128;            // per allocation; answered 508
  uint32_t peer_connections_max = 16;     // per TCP allocation; answered 508, and those of peers closed at once

  // Both hold for one user, who may have limits of his own (auth::UserLimits) in their place.
  RateSettings allocation_rates;  // each allocation
  RateSettings user_rates;        // each user, over all allocations and shards
  RateBurst rate_burst;

  // Errors sent to one unauthenticated source (an IPv4 address or an IPv6 /64), per shard; what exceeds it is dropped
  // unanswered.
  BucketLimit challenges_per_source{.per_second = 50, .burst = 250};

  const std::string& realm_of(const FiveTuple& client) const {
    const bool has_own = client.listener < listener_realms.size() && !listener_realms[client.listener].empty();
    return has_own ? listener_realms[client.listener] : realm;
  }
  const std::vector<RelayAddress>& relays_of(const FiveTuple& client) const {
    const bool has_own = client.listener < listener_relays.size() && !listener_relays[client.listener].empty();
    return has_own ? listener_relays[client.listener] : relay_addresses;
  }
};

// Gives `fresh`, which is to follow `running`, the leases of the external addresses that stay, leases for new ones, and
// in other_externals those that relays may still be known by. Without it external addresses cannot change. `running`
// may be null.
void carry_over(const Settings* running, Settings& fresh);

// One per process, shared by its shards. Thread-safe.
struct Shared {
  // `nonce_key`: at least 16 random bytes. A nonce is accepted for `nonce_lifetime`, at least a minute.
  Shared(Secret nonce_key, Duration nonce_lifetime);

  const Secret nonce_key;
  const auth::TicketKeys ticket_keys;  // this process's own
  const uint32_t instance;             // tells its tickets from those of others under the same key
  const auth::NonceIssuer nonces;
  Quota quota;
};

}  // namespace noom::turn
