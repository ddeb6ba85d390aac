#include "signal/core/join_ticket.h"

#include <algorithm>
#include <array>

#include "common/auth/base64url.h"

namespace noom::signal {
namespace {

// | expires, s 8 | id 12 | role 1 | length 1, room | length 1, identity |
constexpr size_t kPlainBytesMax = sizeof(uint64_t) + kTicketIdBytes + 1 + 2 * 256;

void write_text(Writer& writer, std::string_view text) {
  writer.u8(static_cast<uint8_t>(text.size()));
  writer.bytes(as_bytes(text));
}
std::string read_text(Reader& reader) {
  return std::string(as_text(reader.take(reader.u8())));
}

}  // namespace

auth::Seal join_ticket_seal(Secret master) {
  return auth::Seal(std::move(master), "noom-signal join ticket", kJoinTicketLifetimeMax);
}

std::string mint_join_ticket(const auth::Seal& seal, Wall now, Random& random, const JoinTicket& ticket) {
  std::array<std::byte, kTicketIdBytes> id{};
  random.fill(id);
  const Wall expires = now + std::clamp(ticket.lifetime, Duration::zero(), kJoinTicketLifetimeMax);
  std::array<std::byte, kPlainBytesMax> space{};
  Writer writer(space);
  writer.u64(static_cast<uint64_t>(unix_seconds(expires)));
  writer.bytes(id);
  writer.u8(static_cast<uint8_t>(ticket.role));
  write_text(writer, ticket.room);
  write_text(writer, ticket.identity);
  return std::string(kJoinTicketPrefix) + auth::encode_base64url(seal.seal(now, random, writer.written()));
}

std::variant<Grant, TokenRefusal> open_join_ticket(const auth::Seal& seal, Wall now, std::string_view room,
                                                   std::string_view text) {
  constexpr TokenRefusal kForged = {TokenFault::kInvalid, "The ticket is not one of this server's, or far too old."};
  if (!text.starts_with(kJoinTicketPrefix) || text.size() > kJoinTicketCharactersMax) return kForged;
  const auto sealed = auth::decode_base64url(text.substr(kJoinTicketPrefix.size()));
  const auto plain = sealed ? seal.open(now, as_bytes(*sealed)) : std::nullopt;
  if (!plain) return kForged;
  Reader reader(*plain);
  const Wall expires = Wall(std::chrono::seconds(reader.u64()));
  const std::string id(as_text(reader.take(kTicketIdBytes)));
  const uint8_t role = reader.u8();
  const std::string its_room = read_text(reader);
  Grant grant;
  grant.identity = read_text(reader);
  if (!reader.ok() || reader.remaining() > 0 || role >= kRoleCount) return kForged;
  if (now >= expires) return TokenRefusal{TokenFault::kExpired, "The ticket has expired."};
  if (its_room != room) return TokenRefusal{TokenFault::kWrongRoom, "The ticket is for another room."};
  grant.role = static_cast<Role>(role);
  grant.once = TicketUse{expires, id};
  return grant;
}

void SpentTickets::note(Wall now, const TicketUse& use) {
  if (use.expires > now && look_up(now, use) == Verdict::kFresh) spend(use);
}

SpentTickets::Verdict SpentTickets::look_up(Wall now, const TicketUse& use) {
  uses_.erase(uses_.begin(), uses_.lower_bound(TicketUse{now, {}}));
  if (uses_.contains(use)) return Verdict::kUsed;
  return uses_.size() < uses_max_ ? Verdict::kFresh : Verdict::kFull;
}

}  // namespace noom::signal
