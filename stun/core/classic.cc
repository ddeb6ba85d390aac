#include "stun/core/classic.h"

#include <algorithm>
#include <cstring>

#include "common/wire/message_builder.h"
#include "stun/core/discovery.h"

namespace noom::stun {
namespace {

using wire::Attr;

// RFC 3489 §11.2: types that STUN has given up since. OTHER-ADDRESS and RESPONSE-ORIGIN mean the same (RFC 5780 §7).
constexpr auto kSourceAddress = static_cast<Attr>(0x0004);
constexpr auto kChangedAddress = static_cast<Attr>(0x0005);
constexpr Attr kWithoutEffect[] = {Attr::kUsername, Attr::kMessageIntegrity};

constexpr uint16_t kBindingRequest = 0x0001;
constexpr size_t kCookieAt = sizeof(uint32_t);

struct Request {
  std::optional<uint32_t> change;  // CHANGE-REQUEST
  std::array<uint16_t, wire::kUnknownAttributesMax + 1> unknown;
  size_t unknown_count = 0;

  void add_unknown(uint16_t type) {
    const auto end = unknown.begin() + static_cast<std::ptrdiff_t>(unknown_count);
    if (unknown_count < wire::kUnknownAttributesMax && std::find(unknown.begin(), end, type) == end)
      unknown[unknown_count++] = type;
  }
};

// RFC 3489 §11.1, §11.2: lengths are multiples of four throughout. nullopt when they are not, or do not add up.
std::optional<Request> parse(Bytes message, bool may_change) {
  Reader reader(message);
  reader.skip(sizeof(uint16_t));
  const uint16_t length = reader.u16();
  reader.skip(wire::kHeaderSize - 2 * sizeof(uint16_t));
  if (!reader.ok() || length != reader.remaining()) return std::nullopt;
  Request request;
  while (reader.remaining() > 0) {
    const uint16_t type = reader.u16();
    const uint16_t size = reader.u16();
    const Bytes value = reader.take(size);
    if (!reader.ok() || size % 4 != 0) return std::nullopt;
    if (type == static_cast<uint16_t>(Attr::kChangeRequest) && may_change) {
      if (size != sizeof(uint32_t)) return std::nullopt;
      request.change = load_be<uint32_t>(value.data());
    } else if (wire::comprehension_required(type) &&
               std::ranges::find(kWithoutEffect, static_cast<Attr>(type)) == std::end(kWithoutEffect)) {
      request.add_unknown(type);
    }
  }
  return request;
}

// The builder writes a cookie where RFC 3489 has the first quarter of the transaction id.
Bytes finish(wire::MessageBuilder& builder, Bytes message, MutableBytes room) {
  const Bytes built = builder.finish();
  std::memcpy(room.data() + kCookieAt, message.data() + kCookieAt, sizeof(wire::kMagicCookie));
  return built;
}

}  // namespace

bool is_classic_request(Bytes message) {
  Reader reader(message);
  const uint16_t type = reader.u16();
  reader.skip(sizeof(uint16_t));
  return reader.u32() != wire::kMagicCookie && reader.ok() && type == kBindingRequest;
}

std::optional<Answer> answer_classic(Bytes message, const Arrival& arrival, MutableBytes room) {
  const AddressMatrix* matrix = arrival.matrix;
  auto request = parse(message, matrix != nullptr && matrix->two_addresses);
  if (!request) return std::nullopt;
  wire::TransactionId id;
  std::ranges::copy(message.subspan(kCookieAt + sizeof(wire::kMagicCookie), id.size()), id.begin());
  Answer answer{.to = arrival.client, .from = arrival.position};

  if (request->unknown_count > 0) {
    // RFC 3489 §11.2.10: an odd list repeats one type, for lack of padding.
    if (request->unknown_count % 2 != 0) request->unknown[request->unknown_count++] = request->unknown[0];
    wire::MessageBuilder refusal(room, wire::Method::kBinding, wire::Class::kError, id);
    refusal.error(wire::ErrorCode::kUnknownAttribute, "")
        .unknown_attributes(std::span(request->unknown).first(request->unknown_count));
    answer.error = wire::ErrorCode::kUnknownAttribute;
    answer.bytes = finish(refusal, message, room);
    return answer;
  }

  answer.use(Feature::kClassic);
  if (request->change) answer.from = arrival.position ^ read_change_flags(*request->change, answer);
  wire::MessageBuilder success(room, wire::Method::kBinding, wire::Class::kSuccess, id);
  success.plain_address(Attr::kMappedAddress, arrival.client)
      .plain_address(kSourceAddress, matrix != nullptr ? matrix->at[answer.from] : arrival.local);
  if (matrix != nullptr && matrix->two_addresses)
    success.plain_address(kChangedAddress, matrix->opposite(arrival.position));
  answer.bytes = finish(success, message, room);
  return answer;
}

}  // namespace noom::stun
