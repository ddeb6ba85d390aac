// Who may come in at all: anybody, who knows a secret, who brings a JSON Web Token or a ticket. Judged where the client
// is connected; rooms decide the rest (locks, passwords, bans, tickets that were used). docs/admission.md.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "common/auth/seal.h"
#include "common/base/secret.h"
#include "signal/core/grant.h"
#include "signal/core/jwt.h"

namespace noom::signal {

// Immutable, hence thread-safe; replaced as a whole when keys change.
class Admission {
 public:
  struct Rules {
    bool open = true;  // no token is needed; one that is given must be good all the same
    Secret secret;     // empty: there is none
    bool takes_jwt = false;
    std::vector<JwtKey> jwt_keys;
    JwtRules jwt;
    bool takes_tickets = false;
    Secret ticket_key;  // at least 32 bytes, with takes_tickets
  };
  explicit Admission(Rules rules);

  // Any token is legal input; nullopt: none was given.
  std::variant<Grant, TokenRefusal> judge(Wall now, std::string_view room, std::optional<std::string_view> token) const;
  // nullptr when tickets are not taken.
  const auth::Seal* tickets() const { return tickets_ ? &*tickets_ : nullptr; }

 private:
  bool is_secret(std::string_view token) const;

  Rules rules_;
  std::optional<auth::Seal> tickets_;
};

}  // namespace noom::signal
