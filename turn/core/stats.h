// What a TURN shard counts. One writer, the shard; any thread may read. Cardinality is fixed: tables over enums, no
// map.
//
// Architecture Invariant: every datagram given to the core is accounted for exactly once:
//   received() == forwarded() + consumed + Σ drops
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/base/counter.h"
#include "common/base/counter_table.h"
#include "common/base/endpoint.h"
#include "common/wire/stun_types.h"

namespace noom::turn {

// Why a datagram or frame went no further. One value, one metric label, one test.
enum class Drop : uint8_t {
  kClientDenied,          // by Settings::client_policy, before anything else is looked at
  kNotTurn,               // the first byte is neither STUN nor ChannelData, or there is none
  kMalformedStun,         // RFC 8489 §6.3
  kBadFingerprint,        // RFC 8489 §14.7: there and wrong, or not last
  kUnknownMethod,         // a request whose method this server does not speak
  kUnexpectedClass,       // a response, or an indication that only servers send
  kChallengeLimit,        // an unauthenticated error beyond Settings::challenges_per_source
  kMalformedIndication,   // Send without XOR-PEER-ADDRESS or DATA
  kUnknownAttribute,      // an indication with a comprehension-required attribute not understood, RFC 8489 §6.3.2
  kMalformedChannelData,  // shorter than its Length, or a number outside 0x4000-0x4FFF
  kNoAllocation,          // data on a five-tuple without one
  kNoChannel,             // ChannelData on a number that is not bound, or no longer
  kNoPermission,          // either direction: no live permission for the peer's IP address
  kPeerFamily,            // Send to the other address family
  kPeerDenied,    // Send to an address that the permission covers but the policy does not: this host's own, outside the
                  // relay ports
  kRelayNotLive,  // to a relayed address of this suite that nobody holds now
  kRelayUnknown,  // from a relay that ended meanwhile
  kIcmpType,      // an ICMP error other than those that RFC 8656 §11.5 passes on
  kHopLimit,      // arrived with nothing left of its hop limit, RFC 8656 §14
  kClientAbsent,  // for a client whose connection closed and who has not come back with its MOBILITY-TICKET
  kTcpAllocation,      // Send on a TCP allocation, whose data has connections of its own
  kAllocationBitRate,  // beyond Settings::allocation_rates; likewise the next
  kAllocationPacketRate,
  kUserBitRate,  // beyond Settings::user_rates or the user's own; likewise the next
  kUserPacketRate,
  kOversize,  // framed, it would exceed what a datagram or a STUN length can carry
  kCount,
};
std::string_view to_string(Drop drop);

// Why a request was refused. Each reason belongs to one error code.
enum class Reason : uint8_t {
  kNoIntegrity,            // 401: the challenge that every client gets first
  kUnknownUser,            // 401
  kCredentialsExpired,     // 401
  kCredentialsRevoked,     // 401: right, and taken back before their end
  kBadIntegrity,           // 401
  kBadToken,               // 401: ACCESS-TOKEN that no key here opens
  kMissingUsername,        // 400: integrity without USERNAME; likewise the next two
  kMissingRealm,           // 400
  kMissingNonce,           // 400
  kPasswordAlgorithms,     // 400: not those offered with the nonce, or a choice outside them
  kStaleNonce,             // 438
  kUnknownAttribute,       // 420
  kMalformedAttribute,     // 400
  kMissingTransport,       // 400: no REQUESTED-TRANSPORT
  kMissingPeer,            // 400: no XOR-PEER-ADDRESS
  kMissingChannelNumber,   // 400
  kChannelOutOfRange,      // 400
  kChannelBoundElsewhere,  // 400: the number is bound to another peer
  kPeerBoundElsewhere,     // 400: the peer is bound to another number
  kPeerDenied,             // 403: by the peer policy
  kAllocationExists,       // 437
  kNoAllocation,           // 437
  kFamilyUnavailable,      // 440
  kOtherUser,              // 441
  kMobilityForbidden,      // 405: Settings::mobility is off
  kBadTicket,              // 400: MOBILITY-TICKET that no key here opens
  kTicketUsed,             // 400: it has moved the allocation before, and this is no retransmission
  kNotMoved,               // 400: MOBILITY-TICKET from a five-tuple that the allocation has already
  kTicketOfNoAllocation,   // 437: the allocation has ended, or another process of the fleet made it
  kTransportUnsupported,   // 442
  kPeerFamilyMismatch,     // 443: CreatePermission, ChannelBind
  kRelayFamilyMismatch,    // 443: Refresh with another REQUESTED-ADDRESS-FAMILY
  kTryAlternate,           // 300: draining, or above Alternates::above_allocations
  kUserQuota,              // 486
  kServerFull,             // 508: Settings::allocations_max
  kDraining,               // 508: draining, and nowhere to send the client
  kNoFreePort,             // 508
  kExternalUnknown,        // 508: the relay address's external one has not been found out yet
  kNoPortPair,             // 508: EVEN-PORT asked to reserve the next port too
  kTwoFamilyAttributes,    // 400: REQUESTED- beside ADDITIONAL-ADDRESS-FAMILY
  kReserveForTwoFamilies,  // 400: EVEN-PORT with R = 1 beside ADDITIONAL-ADDRESS-FAMILY
  kAdditionalFamily,       // 400: ADDITIONAL-ADDRESS-FAMILY other than IPv6
  kTokenWithOtherChoice,   // 400: RESERVATION-TOKEN beside EVEN-PORT or an address family
  kBadReservationToken,    // 508: unknown, claimed before or too old
  kReservationLimit,       // 508: EVEN-PORT with R = 1 beyond kReservationsPerUserMax
  kRelayOpenFailed,        // 508: the system refused every port tried
  kPermissionLimit,        // 508
  kChannelLimit,           // 508
  // RFC 6062
  kTcpOverDatagrams,     // 400: a TCP allocation or ConnectionBind asked for over UDP or DTLS
  kNotForTcp,            // 400: DONT-FRAGMENT, EVEN-PORT, RESERVATION-TOKEN or ChannelBind with a TCP allocation
  kNoTcpAllocation,      // 437: Connect on an allocation for UDP
  kConnectionExists,     // 446
  kConnectFailed,        // 447: the peer, or the way to it, refused
  kConnectTimeout,       // 447
  kConnectionLimit,      // 508: Settings::peer_connections_max
  kMissingConnectionId,  // 400
  kUnknownConnection,    // 400: CONNECTION-ID names no connection that waits to be bound
  kBindOnControl,        // 400: ConnectionBind on a connection that has an allocation
  kAllocationPeerRate,   // 508: new peers beyond Settings::allocation_rates
  kUserPeerRate,         // 508: beyond Settings::user_rates or the user's own
  kCount,
};
std::string_view to_string(Reason reason);
wire::ErrorCode code_of(Reason reason);
// The configuration key that decides, for the log; empty where it is the protocol that does.
std::string_view rule_of(Reason reason);

// What becomes of a client's move to another five-tuple, RFC 8016.
enum class Move : uint8_t {
  kBegun,      // a Refresh with a ticket succeeded
  kCompleted,  // data came on the new five-tuple, or the old one had closed
  kAbandoned,  // the new five-tuple closed, or the client moved on, before data came on it
  kCount,
};
std::string_view to_string(Move move);

enum class EndReason : uint8_t {
  kDeleted,            // Refresh with LIFETIME 0
  kExpired,            // its lifetime passed
  kClientClosed,       // the stream or DTLS session closed
  kCredentialExpired,  // Settings::end_at_credential_expiry
  kClientDenied,       // its client's address is denied now
  kRevoked,            // its user was removed or ended by the operator
  kRestart,            // the next process cannot go on with it
  kCount,
};
std::string_view to_string(EndReason reason);

// What became of connections that clients asked for (Connect) and of those that peers made.
enum class PeerOpening : uint8_t {
  kConnected,
  kConnectFailed,
  kConnectTimeout,  // kConnectPatience is over
  kConnectEnded,    // its allocation ended first
  kAccepted,
  kNoPermission,     // from a peer without a permission: closed at once, like the next two
  kConnectionLimit,  // Settings::peer_connections_max
  kRelayNotLive,
  kCount,
};
std::string_view to_string(PeerOpening result);

// Why a connection with a peer ended.
enum class PeerEnd : uint8_t {
  kClosed,           // by the peer or the client, or it broke
  kUnbound,          // no ConnectionBind in time
  kAllocationEnded,  // or its relayed address of that family
  kPeerDenied,       // by a peer policy that changed meanwhile
  kCount,
};
std::string_view to_string(PeerEnd reason);

// The methods a request is counted under (wire::to_string names them) and the results: 0 is success, else the error
// code.
constexpr std::array kRequestMethods = {
    wire::Method::kBinding,     wire::Method::kAllocate, wire::Method::kRefresh,       wire::Method::kCreatePermission,
    wire::Method::kChannelBind, wire::Method::kConnect,  wire::Method::kConnectionBind};
constexpr std::array<uint16_t, 18> kRequestResults = {0,   300, 400, 401, 403, 405, 420, 437, 438,
                                                      440, 441, 442, 443, 446, 447, 486, 500, 508};
class RequestTable {
 public:
  // Both must be listed above.
  Counter& at(wire::Method method, uint16_t result);
  const Counter& at(wire::Method method, uint16_t result) const;

 private:
  std::array<std::array<Counter, kRequestResults.size()>, kRequestMethods.size()> counters_;
};

struct Traffic {
  Counter packets;
  Counter bytes;  // application payload, without TURN framing
  void add(size_t size) {
    packets.add();
    bytes.add(size);
  }
};

// By the client's transport and the relay's family; an allocation with a relay of each counts under both.
constexpr std::array kTransports = {Transport::kUdp, Transport::kTcp, Transport::kTls, Transport::kDtls};
constexpr std::array kFamilies = {Family::kV4, Family::kV6};
struct AllocationCounts {
  Counter live;
  Counter created;
  Counter ended;
};

struct Stats {
  Counter received_from_clients;  // datagrams and frames
  Counter received_from_peers;
  Counter received_by_handover;

  Traffic to_peers;            // given to the kernel for a peer
  Traffic to_clients;          // from a peer, framed for the client
  Traffic relay_to_relay;      // delivered to another client inside the process, on this shard
  Traffic handed_over;         // given to the shard that owns the receiving relay
  Traffic forwarded_to_owner;  // given to the shard that holds the client's allocation, TURN framing included
  Counter icmp_to_clients;     // ICMP errors told to clients; they count as consumed
  Counter consumed;            // requests, answered or being answered, and indications that ask for nothing
  CounterTable<Drop> drops;

  RequestTable requests;          // responses sent
  CounterTable<Reason> refusals;  // label code: code_of(reason)
  std::array<std::array<AllocationCounts, kFamilies.size()>, kTransports.size()> allocations;
  CounterTable<EndReason> ended;
  CounterTable<Move> moves;
  Counter clients_forwarded;  // five-tuples whose allocation another shard holds
  Counter permissions_live;
  Counter channels_live;
  Counter relay_ports;  // over all relay addresses of this shard
  Counter relay_ports_free;
  Counter relay_ports_reserved;  // by EVEN-PORT, waiting for their RESERVATION-TOKEN
  Counter relay_open_failures;
  Counter revocations_live;       // names whose credentials are refused before their end
  Counter revocations_forgotten;  // before their time, because there were too many

  CounterTable<PeerOpening> peer_openings;
  CounterTable<PeerEnd> peer_ends;
  Counter peer_connections_unbound;  // live, waiting for ConnectionBind
  Counter peer_connections_bound;    // live, each with a client data connection
  Counter stream_bytes_to_peers;     // relayed between the two
  Counter stream_bytes_to_clients;

  // Amplification: bytes of requests without valid credentials (Binding included) and of the responses to them.
  Counter unauthenticated_bytes_in;
  Counter unauthenticated_bytes_out;

  AllocationCounts& allocations_of(Transport transport, Family family) {
    return allocations[static_cast<size_t>(transport)][family == Family::kV6];
  }
  const AllocationCounts& allocations_of(Transport transport, Family family) const {
    return const_cast<Stats*>(this)->allocations_of(transport, family);
  }
  uint64_t received() const {
    return received_from_clients.value() + received_from_peers.value() + received_by_handover.value();
  }
  uint64_t forwarded() const {
    return to_peers.packets.value() + to_clients.packets.value() + relay_to_relay.packets.value() +
           handed_over.packets.value() + forwarded_to_owner.packets.value();
  }
};

}  // namespace noom::turn
