#include "signal/core/ticket.h"

#include <absl/strings/escaping.h>

#include <array>

namespace noom::signal {
namespace {

// Each text behind a byte with its length.
constexpr size_t kPlainBytesMax = sizeof(uint64_t) + sizeof(uint32_t) + 4 * 256;

void write_text(Writer& writer, std::string_view text) {
  writer.u8(static_cast<uint8_t>(text.size()));
  writer.bytes(as_bytes(text));
}
std::string read_text(Reader& reader) {
  return std::string(as_text(reader.take(reader.u8())));
}

}  // namespace

std::string seal_ticket(const auth::Seal& seal, Wall now, Random& random, const Ticket& ticket) {
  std::array<std::byte, kPlainBytesMax> room{};
  Writer writer(room);
  writer.u64(ticket.life);
  writer.u32(ticket.generation);
  write_text(writer, ticket.session);
  write_text(writer, ticket.room);
  write_text(writer, ticket.peer);
  write_text(writer, ticket.node);
  const auto sealed = seal.seal(now, random, writer.written());
  return absl::WebSafeBase64Escape({as_text(sealed).data(), sealed.size()});
}

std::optional<Ticket> open_ticket(const auth::Seal& seal, Wall now, std::string_view text) {
  std::string sealed;
  if (text.size() > kTicketCharactersMax || !absl::WebSafeBase64Unescape({text.data(), text.size()}, &sealed))
    return std::nullopt;
  const auto plain = seal.open(now, as_bytes(sealed));
  if (!plain) return std::nullopt;
  Reader reader(*plain);
  Ticket ticket;
  ticket.life = reader.u64();
  ticket.generation = reader.u32();
  ticket.session = read_text(reader);
  ticket.room = read_text(reader);
  ticket.peer = read_text(reader);
  ticket.node = read_text(reader);
  if (!reader.ok() || reader.remaining() > 0) return std::nullopt;
  return ticket;
}

}  // namespace noom::signal
