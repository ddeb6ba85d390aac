#include "common/io/dtls_hello.h"

namespace noom::io {

namespace {

constexpr uint8_t kVersionMajor = 0xfe;  // DTLS 1.0 is fe.ff, 1.2 is fe.fd
constexpr uint16_t kVersion1_0 = 0xfeff;
constexpr uint8_t kHelloVerifyRequestType = 3;
constexpr size_t kRandomSize = 32;
constexpr size_t kSessionIdSizeMax = 32;

uint32_t u24(Reader& reader) {
  const uint32_t high = reader.u8();
  return high << 16 | reader.u16();
}

void u24(Writer& writer, size_t value) {
  writer.u8(static_cast<uint8_t>(value >> 16));
  writer.u16(static_cast<uint16_t>(value));
}

}  // namespace

std::optional<DtlsRecord> next_dtls_record(Bytes& datagram) {
  Reader reader(datagram);
  DtlsRecord record;
  const uint8_t content = reader.u8();
  const uint8_t major = reader.u8();
  reader.u8();
  record.epoch = reader.u16();
  record.sequence = uint64_t{reader.u16()} << 32;
  record.sequence |= reader.u32();
  record.fragment = reader.take(reader.u16());
  if (!reader.ok() || content < 20 || content > 23 || major != kVersionMajor) return std::nullopt;
  record.content = static_cast<DtlsContent>(content);
  datagram = reader.rest();
  return record;
}

std::optional<DtlsRecord::Message> DtlsRecord::message() const {
  if (content != DtlsContent::kHandshake || epoch != 0) return std::nullopt;
  Reader reader(fragment);
  Message message;
  message.type = reader.u8();
  message.length = u24(reader);
  if (!reader.ok()) return std::nullopt;
  return message;
}

std::optional<ClientHello> parse_client_hello(Bytes datagram) {
  const auto record = next_dtls_record(datagram);
  if (!record) return std::nullopt;
  const auto message = record->message();
  if (!message || message->type != kClientHelloType) return std::nullopt;
  Reader header(record->fragment);
  header.skip(6);  // type, length, message_seq
  const uint32_t offset = u24(header);
  const uint32_t size = u24(header);
  if (!header.ok() || offset != 0 || size > message->length) return std::nullopt;

  Reader body(header.take(size));
  ClientHello hello;
  hello.record_sequence = record->sequence;
  hello.version = body.u16();
  hello.random = body.take(kRandomSize);
  hello.session_id = body.take(body.u8());
  hello.cookie = body.take(body.u8());
  if (!header.ok() || !body.ok() || hello.session_id.size() > kSessionIdSizeMax) return std::nullopt;
  return hello;
}

// The record's sequence number is the ClientHello's, as no other can be remembered; server_version is 1.0 whatever is
// negotiated later.
MutableBytes build_hello_verify_request(MutableBytes room, const ClientHello& hello, Bytes cookie) {
  const size_t body = 3 + cookie.size();
  Writer writer(room);
  writer.u8(static_cast<uint8_t>(DtlsContent::kHandshake));
  writer.u16(kVersion1_0);
  writer.u16(0);
  writer.u16(static_cast<uint16_t>(hello.record_sequence >> 32));
  writer.u32(static_cast<uint32_t>(hello.record_sequence));
  writer.u16(static_cast<uint16_t>(kDtlsHandshakeHeaderSize + body));
  writer.u8(kHelloVerifyRequestType);
  u24(writer, body);
  writer.u16(0);  // message_seq
  u24(writer, 0);
  u24(writer, body);
  writer.u16(kVersion1_0);
  writer.u8(static_cast<uint8_t>(cookie.size()));
  writer.bytes(cookie);
  return writer.written();
}

}  // namespace noom::io
