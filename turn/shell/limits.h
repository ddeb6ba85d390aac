// What a client can grow in the TURN shell, and how far. What the core lets it grow is turn/core/limits.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/base/time.h"
#include "common/io/udp_pump.h"
#include "common/wire/stream_deframer.h"
#include "turn/core/limits.h"

namespace noom::turn {

static_assert(io::kHeadroom == kPeerHeadroom && io::kTailroom == kPeerTailroom, "the core frames in the pump's slabs");

// A five-tuple carries its listener's index in a byte.
constexpr size_t kListenersMax = 64;

// Stream clients, per connection.
constexpr size_t kStreamReadBytesMin = 2 * 1024;                 // an idle connection's read buffer
constexpr size_t kStreamReadBytesMax = 2 * wire::kFrameSizeMax;  // a busy one's; at least one whole frame
constexpr size_t kStreamQueueBytesMax = 128 * 1024;              // past it media for a slow reader is dropped
constexpr size_t kStreamQueueBytesClose = 256 * 1024;  // past it, with responses alone, the connection is closed
static_assert(kStreamQueueBytesMax + wire::kFrameSizeMax <= kStreamQueueBytesClose);
constexpr int kStreamUnsentBytes =
    32 * 1024;  // TCP_NOTSENT_LOWAT: a backlog waits in our queue, where it can be dropped
constexpr Duration kHandshakeTimeout = std::chrono::seconds(10);
// No whole message for so long, on a connection without an allocation, ends it.
constexpr Duration kStreamIdleTimeout = std::chrono::seconds(30);
constexpr Duration kGoodbyeTimeout = std::chrono::seconds(5);

// DTLS clients. The first two bound what OpenSSL keeps of one handshake: a record's buffer of 17 KB for each of the
// one, ten messages of the other at most; about 220 KB.
constexpr uint8_t kDtlsProtectedEarlyMax = 8;            // protected records before the handshake is done
constexpr uint32_t kDtlsHandshakeMessageMax = 8 * 1024;  // bytes that one message may claim
// Handshakes under way, of clients that have proved their addresses; per shard.
constexpr uint32_t kDtlsHandshakesMax = 512;
constexpr uint32_t kDtlsHandshakesPerSourceMax = 128;
constexpr Duration kDtlsHandshakeTimeout = std::chrono::seconds(20);  // flights are sent again after 1, 3, 7 and 15 s
// No message for so long, in a session without an allocation, ends it.
constexpr Duration kDtlsIdleTimeout = std::chrono::seconds(30);

// RFC 6062. Connections that peers make and that are not accepted yet, for each TCP relay.
constexpr int kRelayBacklog = 64;
// A peer or client that has vanished is found out after about two minutes.
constexpr int kKeepAliveIdleS = 60;
constexpr int kKeepAliveIntervalS = 15;
constexpr int kKeepAliveProbes = 4;

// Datagrams on their way from one shard to another, copied; what exceeds it is dropped.
constexpr size_t kHandoverBytesMax = 4 * 1024 * 1024;  // per pair of shards

// Bytes and datagrams that stream clients may have pending before a flush that would otherwise wait for the loop.
constexpr size_t kArenaBytesPerFlush = 1024 * 1024;

}  // namespace noom::turn
