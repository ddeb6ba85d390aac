#include "turn/core/stats.h"

#include <algorithm>

namespace noom::turn {
namespace {

using enum wire::ErrorCode;

struct ReasonRow {
  Reason reason;
  wire::ErrorCode code;
  std::string_view label;
  std::string_view rule = {};
};
constexpr std::array<ReasonRow, count_of<Reason>()> kReasons = {{
    {Reason::kNoIntegrity, kUnauthenticated, "no_integrity"},
    {Reason::kUnknownUser, kUnauthenticated, "unknown_user"},
    {Reason::kCredentialsExpired, kUnauthenticated, "credentials_expired"},
    {Reason::kCredentialsRevoked, kUnauthenticated, "credentials_revoked"},
    {Reason::kBadIntegrity, kUnauthenticated, "bad_integrity"},
    {Reason::kBadToken, kUnauthenticated, "bad_token"},
    {Reason::kMissingUsername, kBadRequest, "missing_username"},
    {Reason::kMissingRealm, kBadRequest, "missing_realm"},
    {Reason::kMissingNonce, kBadRequest, "missing_nonce"},
    {Reason::kPasswordAlgorithms, kBadRequest, "password_algorithms"},
    {Reason::kStaleNonce, wire::ErrorCode::kStaleNonce, "stale_nonce"},
    {Reason::kUnknownAttribute, wire::ErrorCode::kUnknownAttribute, "unknown_attribute"},
    {Reason::kMalformedAttribute, kBadRequest, "malformed_attribute"},
    {Reason::kMissingTransport, kBadRequest, "missing_requested_transport"},
    {Reason::kMissingPeer, kBadRequest, "missing_peer"},
    {Reason::kMissingChannelNumber, kBadRequest, "missing_channel_number"},
    {Reason::kChannelOutOfRange, kBadRequest, "channel_out_of_range"},
    {Reason::kChannelBoundElsewhere, kBadRequest, "channel_bound_to_other_peer"},
    {Reason::kPeerBoundElsewhere, kBadRequest, "peer_bound_to_other_channel"},
    {Reason::kPeerDenied, kForbidden, "peer_denied"},
    {Reason::kAllocationExists, kAllocationMismatch, "allocation_exists"},
    {Reason::kNoAllocation, kAllocationMismatch, "no_allocation"},
    {Reason::kFamilyUnavailable, kAddressFamilyNotSupported, "family_unavailable", "relay.addresses"},
    {Reason::kOtherUser, kWrongCredentials, "other_user"},
    {Reason::kMobilityForbidden, wire::ErrorCode::kMobilityForbidden, "mobility_forbidden"},
    {Reason::kBadTicket, kBadRequest, "bad_ticket"},
    {Reason::kTicketUsed, kBadRequest, "ticket_used"},
    {Reason::kNotMoved, kBadRequest, "not_moved"},
    {Reason::kTicketOfNoAllocation, kAllocationMismatch, "ticket_of_no_allocation"},
    {Reason::kTransportUnsupported, kUnsupportedTransport, "transport_unsupported"},
    {Reason::kPeerFamilyMismatch, wire::ErrorCode::kPeerAddressFamilyMismatch, "peer_family_mismatch"},
    {Reason::kRelayFamilyMismatch, wire::ErrorCode::kPeerAddressFamilyMismatch, "relay_family_mismatch"},
    {Reason::kTryAlternate, wire::ErrorCode::kTryAlternate, "try_alternate", "relay.alternate_servers"},
    {Reason::kUserQuota, kAllocationQuotaReached, "user_quota", "limits.allocations_per_user"},
    {Reason::kServerFull, kInsufficientCapacity, "server_full", "limits.allocations"},
    {Reason::kDraining, kInsufficientCapacity, "draining"},
    {Reason::kNoFreePort, kInsufficientCapacity, "no_free_port", "relay.port_min, relay.port_max"},
    {Reason::kExternalUnknown, kInsufficientCapacity, "external_address_unknown", "relay.external_addresses"},
    {Reason::kNoPortPair, kInsufficientCapacity, "no_port_pair", "relay.port_min, relay.port_max"},
    {Reason::kTwoFamilyAttributes, kBadRequest, "two_family_attributes"},
    {Reason::kReserveForTwoFamilies, kBadRequest, "reserve_for_two_families"},
    {Reason::kAdditionalFamily, kBadRequest, "additional_family"},
    {Reason::kTokenWithOtherChoice, kBadRequest, "token_with_other_choice"},
    {Reason::kBadReservationToken, kInsufficientCapacity, "bad_reservation_token"},
    {Reason::kReservationLimit, kInsufficientCapacity, "reservation_limit"},
    {Reason::kRelayOpenFailed, kInsufficientCapacity, "relay_open_failed"},
    {Reason::kPermissionLimit, kInsufficientCapacity, "permission_limit", "limits.permissions"},
    {Reason::kChannelLimit, kInsufficientCapacity, "channel_limit", "limits.channels"},
    {Reason::kTcpOverDatagrams, kBadRequest, "tcp_over_datagrams"},
    {Reason::kNotForTcp, kBadRequest, "not_for_tcp"},
    {Reason::kNoTcpAllocation, kAllocationMismatch, "no_tcp_allocation"},
    {Reason::kConnectionExists, kConnectionAlreadyExists, "connection_exists"},
    {Reason::kConnectFailed, kConnectionTimeout, "connect_failed"},
    {Reason::kConnectTimeout, kConnectionTimeout, "connect_timeout"},
    {Reason::kConnectionLimit, kInsufficientCapacity, "connection_limit", "limits.peer_connections"},
    {Reason::kMissingConnectionId, kBadRequest, "missing_connection_id"},
    {Reason::kUnknownConnection, kBadRequest, "unknown_connection"},
    {Reason::kBindOnControl, kBadRequest, "bind_on_control"},
    {Reason::kAllocationPeerRate, kInsufficientCapacity, "allocation_peer_rate", "limits.new_peers_per_second"},
    {Reason::kUserPeerRate, kInsufficientCapacity, "user_peer_rate", "limits.user_new_peers_per_second"},
}};
constexpr bool rows_follow_the_enum() {
  for (size_t i = 0; i < kReasons.size(); ++i)
    if (kReasons[i].reason != static_cast<Reason>(i)) return false;
  return true;
}
static_assert(rows_follow_the_enum(), "kReasons is indexed by Reason");

constexpr std::array<std::string_view, count_of<Drop>()> kDropLabels = {
    "client_denied",
    "not_turn",
    "malformed_stun",
    "bad_fingerprint",
    "unknown_method",
    "unexpected_class",
    "challenge_limit",
    "malformed_indication",
    "unknown_attribute",
    "malformed_channel_data",
    "no_allocation",
    "no_channel",
    "no_permission",
    "peer_family",
    "peer_denied",
    "relay_not_live",
    "relay_unknown",
    "icmp_type",
    "hop_limit",
    "client_absent",
    "tcp_allocation",
    "allocation_bit_rate",
    "allocation_packet_rate",
    "user_bit_rate",
    "user_packet_rate",
    "oversize",
};
static_assert(!kDropLabels.back().empty());

constexpr std::array<std::string_view, count_of<EndReason>()> kEndLabels = {
    "deleted", "expired", "client_closed", "credential_expired", "client_denied", "revoked", "restart"};
static_assert(!kEndLabels.back().empty());

constexpr std::array<std::string_view, count_of<Move>()> kMoveLabels = {"begun", "completed", "abandoned"};
static_assert(!kMoveLabels.back().empty());

constexpr std::array<std::string_view, count_of<PeerOpening>()> kOpeningLabels = {
    "connected", "connect_failed", "connect_timeout",  "connect_ended",
    "accepted",  "no_permission",  "connection_limit", "relay_not_live"};
static_assert(!kOpeningLabels.back().empty());

constexpr std::array<std::string_view, count_of<PeerEnd>()> kPeerEndLabels = {"closed", "unbound", "allocation_ended",
                                                                              "peer_denied"};
static_assert(!kPeerEndLabels.back().empty());

template <typename Values, typename Value>
size_t index_in(const Values& values, Value value) {
  return static_cast<size_t>(std::ranges::find(values, value) - values.begin());
}

}  // namespace

std::string_view to_string(Drop drop) {
  return kDropLabels[static_cast<size_t>(drop)];
}
std::string_view to_string(Reason reason) {
  return kReasons[static_cast<size_t>(reason)].label;
}
wire::ErrorCode code_of(Reason reason) {
  return kReasons[static_cast<size_t>(reason)].code;
}
std::string_view to_string(Move move) {
  return kMoveLabels[static_cast<size_t>(move)];
}
std::string_view rule_of(Reason reason) {
  return kReasons[static_cast<size_t>(reason)].rule;
}
std::string_view to_string(EndReason reason) {
  return kEndLabels[static_cast<size_t>(reason)];
}

std::string_view to_string(PeerOpening result) {
  return kOpeningLabels[static_cast<size_t>(result)];
}
std::string_view to_string(PeerEnd reason) {
  return kPeerEndLabels[static_cast<size_t>(reason)];
}

Counter& RequestTable::at(wire::Method method, uint16_t result) {
  return counters_[index_in(kRequestMethods, method)][index_in(kRequestResults, result)];
}
const Counter& RequestTable::at(wire::Method method, uint16_t result) const {
  return const_cast<RequestTable*>(this)->at(method, result);
}

}  // namespace noom::turn
