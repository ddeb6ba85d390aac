// decode → encode → decode is the identity, and no reader or check touches a byte outside the message. RFC 8489 §5,
// §14.
#include <vector>

#include "common/wire/binding.h"
#include "common/wire/channel_data.h"
#include "common/wire/integrity.h"
#include "common/wire/message.h"
#include "common/wire/message_builder.h"
#include "tests/fuzz/property.h"

namespace noom::wire {
namespace {

bool same(Bytes a, Bytes b) {
  return as_text(a) == as_text(b);
}

Bytes encode(const MessageView& message, std::vector<std::byte>& room) {
  room.resize(message.bytes().size());
  MessageBuilder builder(room, message.method(), message.message_class(), message.transaction_id());
  message.for_each([&](const AttributeView& attribute) {
    builder.raw(static_cast<Attr>(attribute.type), attribute.value);
    return true;
  });
  return builder.finish();
}

void expect_same_meaning(const MessageView& a, const MessageView& b) {
  NOOM_PROPERTY(a.method() == b.method() && a.message_class() == b.message_class());
  NOOM_PROPERTY(a.transaction_id() == b.transaction_id());
  std::vector<AttributeView> attributes;
  a.for_each([&](const AttributeView& attribute) { return attributes.push_back(attribute), true; });
  size_t at = 0;
  b.for_each([&](const AttributeView& attribute) {
    NOOM_PROPERTY(at < attributes.size() && attribute.type == attributes[at].type);
    NOOM_PROPERTY(attribute.offset == attributes[at].offset && same(attribute.value, attributes[at].value));
    return ++at, true;
  });
  NOOM_PROPERTY(at == attributes.size());
}

// An address that was read, written again, reads the same.
void round_trip_address(const MessageView& message, Attr type) {
  std::array<std::byte, 64> room;
  MessageBuilder builder(room, message.method(), message.message_class(), message.transaction_id());
  const auto xored = message.xor_address(type);
  const auto plain = message.plain_address(type);
  NOOM_PROPERTY(xored.has_value() == plain.has_value());
  if (!xored) return;
  const auto again = MessageView::parse(builder.xor_address(type, *xored).finish());
  NOOM_PROPERTY(again && again->xor_address(type) == xored);
  NOOM_PROPERTY(again->plain_address(type) == plain);
}

void read_everything(const MessageView& message) {
  message.for_each([&](const AttributeView& attribute) {
    const auto type = static_cast<Attr>(attribute.type);
    round_trip_address(message, type);
    const bool numeric = message.u8(type) || message.u32(type) || message.u64(type);
    NOOM_PROPERTY(!numeric || message.has(type));
    NOOM_PROPERTY(message.leading_u8(type).has_value() == message.u32(type).has_value());
    NOOM_PROPERTY(message.leading_u16(type).has_value() == message.u32(type).has_value());
    NOOM_PROPERTY(message.text(type).has_value() == message.has(type));
    return true;
  });
  if (const auto code = message.error_code())
    NOOM_PROPERTY(static_cast<uint16_t>(*code) >= 300 && static_cast<uint16_t>(*code) < 700);
  std::array<std::byte, kBindingAnswerMax> room;
  const IpEndpoint client = *IpEndpoint::parse("[2001:db8::1]:65535");
  NOOM_PROPERTY(MessageView::parse(answer_binding(message, client, true, room).bytes));
}

void check_message(Bytes input) {
  const auto message = MessageView::parse(input);
  if (!message) return;
  std::vector<std::byte> room, again_room;
  const Bytes encoded = encode(*message, room);
  const auto decoded = MessageView::parse(encoded);
  NOOM_PROPERTY(decoded);
  expect_same_meaning(*message, *decoded);
  NOOM_PROPERTY(same(encode(*decoded, again_room), encoded));

  read_everything(*message);
  NOOM_PROPERTY((check_fingerprint(*message) != Check::kAbsent) == message->has(Attr::kFingerprint));
  const Bytes key = as_bytes("VOkJxbRl1RmTxUk/WvJxBt");
  NOOM_PROPERTY((check_message_integrity(*message, key) != Check::kAbsent) == message->has(Attr::kMessageIntegrity));
  NOOM_PROPERTY((check_message_integrity_sha256(*message, key) != Check::kAbsent) ==
                message->has(Attr::kMessageIntegritySha256));
}

void check_channel_data(Bytes input) {
  const auto data = parse_channel_data(input);
  if (!data) return;
  std::array<std::byte, kChannelHeaderSize> header;
  write_channel_header(header, data->channel, static_cast<uint16_t>(data->payload.size()));
  NOOM_PROPERTY(same(header, input.first(kChannelHeaderSize)));
  NOOM_PROPERTY(same(data->payload, input.subspan(kChannelHeaderSize, data->payload.size())));
}

}  // namespace
}  // namespace noom::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const noom::Bytes input = std::as_bytes(std::span(data, size));
  noom::wire::check_message(input);
  noom::wire::check_channel_data(input);
  return 0;
}
