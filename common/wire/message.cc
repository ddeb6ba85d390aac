#include "common/wire/message.h"

#include <algorithm>

#include "common/wire/address_codec.h"

namespace noom::wire {
namespace {

constexpr size_t padded(size_t size) {
  return (size + 3) / 4 * 4;
}

// RFC 8489 §5, figure 3: the class bits sit inside the method bits.
constexpr Method method_of(uint16_t type) {
  return static_cast<Method>((type & 0x000F) | ((type & 0x00E0) >> 1) | ((type & 0x3E00) >> 2));
}
constexpr Class class_of(uint16_t type) {
  return static_cast<Class>(((type & 0x0100) >> 7) | ((type & 0x0010) >> 4));
}

}  // namespace

std::optional<MessageView> MessageView::parse(Bytes bytes) {
  Reader header(bytes);
  const uint16_t type = header.u16();
  const uint16_t length = header.u16();
  const uint32_t cookie = header.u32();
  header.skip(kTransactionIdSize);
  if (!header.ok() || (type & 0xC000) != 0 || cookie != kMagicCookie) return std::nullopt;
  if (length % 4 != 0 || length != header.remaining()) return std::nullopt;
  while (header.remaining() > 0) {
    header.skip(sizeof(uint16_t));
    header.skip(padded(header.u16()));
    if (!header.ok()) return std::nullopt;
  }
  return MessageView(bytes, method_of(type), class_of(type));
}

TransactionId MessageView::transaction_id() const {
  TransactionId id;
  std::ranges::copy(bytes_.subspan(kHeaderSize - kTransactionIdSize, kTransactionIdSize), id.begin());
  return id;
}

AttributeView MessageView::attribute_at(size_t offset) const {
  const uint16_t type = load_be<uint16_t>(bytes_.data() + offset);
  const uint16_t length = load_be<uint16_t>(bytes_.data() + offset + sizeof(type));
  return {type, static_cast<uint32_t>(offset), bytes_.subspan(offset + kAttributeHeaderSize, length)};
}

std::optional<AttributeView> MessageView::find(Attr type) const {
  std::optional<AttributeView> found;
  for_each_honoured([&](const AttributeView& attribute) {
    if (attribute.type == static_cast<uint16_t>(type)) found = attribute;
    return !found.has_value();
  });
  return found;
}

std::optional<std::string_view> MessageView::text(Attr type) const {
  const auto attribute = find(type);
  if (!attribute) return std::nullopt;
  return as_text(attribute->value);
}

std::optional<uint8_t> MessageView::u8(Attr type) const {
  const auto attribute = find(type);
  if (!attribute || attribute->value.size() != sizeof(uint8_t)) return std::nullopt;
  return load_be<uint8_t>(attribute->value.data());
}

std::optional<uint32_t> MessageView::u32(Attr type) const {
  const auto attribute = find(type);
  if (!attribute || attribute->value.size() != sizeof(uint32_t)) return std::nullopt;
  return load_be<uint32_t>(attribute->value.data());
}

std::optional<uint64_t> MessageView::u64(Attr type) const {
  const auto attribute = find(type);
  if (!attribute || attribute->value.size() != sizeof(uint64_t)) return std::nullopt;
  return load_be<uint64_t>(attribute->value.data());
}

std::optional<uint8_t> MessageView::leading_u8(Attr type) const {
  const auto value = u32(type);
  if (!value) return std::nullopt;
  return static_cast<uint8_t>(*value >> 24);
}

std::optional<uint16_t> MessageView::leading_u16(Attr type) const {
  const auto value = u32(type);
  if (!value) return std::nullopt;
  return static_cast<uint16_t>(*value >> 16);
}

std::optional<IpEndpoint> MessageView::xor_address(Attr type) const {
  const auto attribute = find(type);
  return attribute ? xor_address(*attribute) : std::nullopt;
}

std::optional<IpEndpoint> MessageView::xor_address(const AttributeView& attribute) const {
  return decode_address(attribute.value, xor_mask(transaction_id()));
}

std::optional<IpEndpoint> MessageView::plain_address(Attr type) const {
  const auto attribute = find(type);
  return attribute ? decode_address(attribute->value, AddressMask{}) : std::nullopt;
}

// RFC 8489 §14.8: 21 reserved bits, a class of 3 to 6, a number of 0 to 99, the reason.
std::optional<ErrorCode> MessageView::error_code() const {
  const auto attribute = find(Attr::kErrorCode);
  if (!attribute || attribute->value.size() < sizeof(uint32_t)) return std::nullopt;
  const uint32_t value = load_be<uint32_t>(attribute->value.data());
  const uint32_t hundreds = (value >> 8) & 0x7;
  const uint32_t number = value & 0xFF;
  if (hundreds < 3 || hundreds > 6 || number > 99) return std::nullopt;
  return static_cast<ErrorCode>(hundreds * 100 + number);
}

std::span<uint16_t> collect_unknown(const MessageView& message, std::span<const Attr> understood,
                                    std::span<uint16_t> room) {
  if (room.empty()) return room;
  size_t count = 0;
  message.for_each_honoured([&](const AttributeView& attribute) {
    const auto known = [&](Attr type) { return static_cast<uint16_t>(type) == attribute.type; };
    if (!comprehension_required(attribute.type) || std::ranges::any_of(understood, known)) return true;
    if (std::ranges::find(room.first(count), attribute.type) == room.begin() + static_cast<std::ptrdiff_t>(count))
      room[count++] = attribute.type;
    return count < room.size();
  });
  return room.first(count);
}

}  // namespace noom::wire
