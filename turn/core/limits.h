// The TURN core's fixed limits and how they relate. What an operator may change is in settings.h; nothing a client can
// grow is without a limit in one of the two.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/base/time.h"
#include "common/wire/stun_types.h"

namespace noom::turn {

// Room that the shell leaves around a peer's payload, so that the core can frame it in place (ChannelData header, or a
// whole Data indication).
//
//   | headroom 48                                      | payload        | tailroom 4  |
//   |  … STUN header 20, XOR-PEER-ADDRESS ≤ 24, DATA 4 | as received    | padding ≤ 3 |
//   |                                  … ChannelData 4 |                |             |
constexpr size_t kPeerHeadroom = 48;
constexpr size_t kPeerTailroom = 4;

constexpr size_t kDataIndicationHeadV4 = wire::kHeaderSize + 12 + wire::kAttributeHeaderSize;
constexpr size_t kDataIndicationHeadV6 = wire::kHeaderSize + 24 + wire::kAttributeHeaderSize;
static_assert(kDataIndicationHeadV6 <= kPeerHeadroom);
static_assert(wire::kChannelHeaderSize <= kPeerHeadroom);

// A datagram to a client over UDP: IPv4's limit; IPv6's is 20 more.
constexpr size_t kUdpPayloadMax = 65507;
// Over DTLS: one record, RFC 5246 §6.2.1.
constexpr size_t kDtlsPayloadMax = 1 << 14;
// RFC 8489 §14.3.
constexpr size_t kUsernameBytesMax = 508;
// Settings; RFC 8489 §14.9 and §14.14 allow 763 bytes each.
constexpr size_t kRealmBytesMax = 128;
constexpr size_t kSoftwareBytesMax = 128;
constexpr size_t kDomainBytesMax = 255;           // RFC 8489 §14.16
constexpr size_t kNonceBytesMax = 128;            // what auth::NonceIssuer promises
constexpr size_t kTokenServerNameBytesMax = 255;  // RFC 7635 §6.1
// Room for any response: the largest is a 401 or 438 with REALM, NONCE, SOFTWARE, both integrity attributes' larger one
// and FINGERPRINT.
constexpr size_t kResponseBytesMax = 1024;
static_assert(wire::kHeaderSize + kDomainBytesMax + kSoftwareBytesMax + 256 <= kResponseBytesMax);
static_assert(wire::kHeaderSize + kRealmBytesMax + kNonceBytesMax + kSoftwareBytesMax + kTokenServerNameBytesMax +
                  256 <=
              kResponseBytesMax);
// Ports tried for one Allocate before 508.
constexpr int kRelayOpenTriesMax = 8;
// Ports that EVEN-PORT keeps reserved on one shard at a time; more is answered 508. Bounds what clients that reserve
// and never claim can hold back for Reservations::kLifetime.
constexpr size_t kReservationsMax = 512;
// Of these, by one user.
constexpr size_t kReservationsPerUserMax = 32;
static_assert(kReservationsPerUserMax < kReservationsMax);
// Revocations that one shard remembers, of about 200 bytes each; beyond them those that end first are forgotten.
constexpr size_t kRevocationsMax = 1 << 14;
// A RESERVATION-TOKEN and a CONNECTION-ID have a byte for their shard.
constexpr uint32_t kShardsMax = 256;
// Sources told apart by the limit on unauthenticated errors, per shard, 16 bytes each. Sources that share a bucket
// share its tokens.
constexpr size_t kChallengeBuckets = 1 << 14;
// RFC 6062 §5.2: a Connect is given at least this long before 447; §5.2, §5.3: a connection that no ConnectionBind asks
// for in this time is closed.
constexpr Duration kConnectPatience = std::chrono::seconds(30);
constexpr Duration kUnboundPatience = std::chrono::seconds(30);
// RFC 8656 §7.2: the dynamic range.
constexpr uint16_t kRelayPortMinDefault = 49152;
constexpr uint16_t kRelayPortMaxDefault = 65535;

}  // namespace noom::turn
