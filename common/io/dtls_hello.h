// What is read of DTLS before there is any state: record headers, the head of a ClientHello, and the HelloVerifyRequest
// that answers it. RFC 6347 §4.1, §4.2. Pure: no OpenSSL.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace noom::io {

enum class DtlsContent : uint8_t { kChangeCipherSpec = 20, kAlert = 21, kHandshake = 22, kApplicationData = 23 };

constexpr size_t kDtlsRecordHeaderSize = 13;     // §4.1
constexpr size_t kDtlsHandshakeHeaderSize = 12;  // §4.2.2
// RFC 5246 §6.2.1: a record's payload, hence the longest message: a datagram of the application is one record.
constexpr size_t kDtlsMessageMax = 1 << 14;

// §4.1; borrows the datagram.
struct DtlsRecord {
  DtlsContent content = DtlsContent::kHandshake;
  uint16_t epoch = 0;
  uint64_t sequence = 0;  // 48 bits
  Bytes fragment;

  // The message that a plain handshake record begins with; `length` is the whole message's, whatever part is here.
  struct Message {
    uint8_t type = 0;
    uint32_t length = 0;
  };
  std::optional<Message> message() const;
};

// Takes the first record off the datagram. nullopt when what is there is no whole record of DTLS 1.
std::optional<DtlsRecord> next_dtls_record(Bytes& datagram);

constexpr uint8_t kClientHelloType = 1;

// A ClientHello up to its cookie (§4.2.1), which is all that proves an address. Borrows the datagram.
struct ClientHello {
  uint64_t record_sequence = 0;
  uint16_t version = 0;
  Bytes random;      // 32 bytes
  Bytes session_id;  // at most 32
  Bytes cookie;      // at most 255; empty in the first one
};

// The ClientHello that `datagram` begins with. Only a message's first fragment can be one, and only with the cookie in
// it: keeping fragments of an unproved address would be state. nullopt for everything else.
std::optional<ClientHello> parse_client_hello(Bytes datagram);

constexpr size_t kHelloVerifyRequestRoom = kDtlsRecordHeaderSize + kDtlsHandshakeHeaderSize + 3 + 255;

// Writes the answer to a ClientHello without a good cookie (§4.2.1), in `room` of kHelloVerifyRequestRoom bytes. With a
// cookie of up to 32 bytes it is shorter than any ClientHello.
MutableBytes build_hello_verify_request(MutableBytes room, const ClientHello& hello, Bytes cookie);

}  // namespace noom::io
