#include "signal/core/admission.h"

#include "common/wire/digest.h"
#include "signal/core/join_ticket.h"

namespace noom::signal {

Admission::Admission(Rules rules) : rules_(std::move(rules)) {
  if (rules_.takes_tickets) tickets_.emplace(join_ticket_seal(std::move(rules_.ticket_key)));
}

std::variant<Grant, TokenRefusal> Admission::judge(Wall now, std::string_view room,
                                                   std::optional<std::string_view> token) const {
  if (!token) {
    if (rules_.open) return Grant();
    return TokenRefusal{TokenFault::kRequired, "This server lets in who brings a \"token\"."};
  }
  if (is_secret(*token)) return Grant();
  if (tickets_ && token->starts_with(kJoinTicketPrefix)) return open_join_ticket(*tickets_, now, room, *token);
  if (rules_.takes_jwt) return verify_jwt(rules_.jwt_keys, rules_.jwt, now, room, *token);
  return TokenRefusal{TokenFault::kInvalid, "The token is none of those this server takes."};
}

// Digests are compared, so that the length of the secret does not show either.
bool Admission::is_secret(std::string_view token) const {
  if (rules_.secret.empty()) return false;
  return equal_constant_time(wire::sha256({as_bytes(token)}), wire::sha256({rules_.secret.bytes()}));
}

}  // namespace noom::signal
