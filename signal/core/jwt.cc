#include "signal/core/jwt.h"

#include <algorithm>
#include <charconv>

#include "common/auth/base64url.h"
#include "signal/core/json_object.h"
#include "signal/core/json_text.h"
#include "signal/core/settings.h"

namespace noom::signal {
namespace {

struct Pieces {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signing_input;  // header and claims with the dot between them
};

TokenRefusal invalid(std::string_view why) {
  return {TokenFault::kInvalid, why};
}

std::optional<Pieces> split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == token.npos || first == last || token.find('.', first + 1) != last) return std::nullopt;
  return Pieces{token.substr(0, first), token.substr(first + 1, last - first - 1), token.substr(last + 1),
                token.substr(0, last)};
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Whether one of the keys made the signature. A key without an id may serve for any token (RFC 7515 §4.1.4).
bool is_signed(const std::vector<JwtKey>& keys, auth::JwsAlgorithm algorithm, const std::optional<std::string>& id,
               std::string_view signing_input, std::string_view signature) {
  return std::any_of(keys.begin(), keys.end(), [&](const JwtKey& key) {
    return key.key.algorithm() == algorithm && (!id || key.id.empty() || key.id == *id) &&
           key.key.verify(as_bytes(signing_input), as_bytes(signature));
  });
}

std::optional<TokenRefusal> check_signature(const std::vector<JwtKey>& keys, const Pieces& pieces) {
  const auto header_text = auth::decode_base64url(pieces.header);
  const auto signature = auth::decode_base64url(pieces.signature);
  if (!header_text || !signature) return invalid("The token is not in base64url without padding.");
  const auto header = JsonObject::read(*header_text);
  if (!header) return invalid("The token's header is not a JSON object whose members are all different.");
  // RFC 7515 §4.1.11: no extension is understood here.
  if (header->has("crit")) return invalid("The token's header has a \"crit\" that this server does not understand.");
  const auto type = header->text("typ");
  if (header->has("typ") && (!type || !same_letters(*type, "JWT"))) return invalid("The token's \"typ\" is not JWT.");
  const auto algorithm = auth::parse_jws_algorithm(header->text("alg").value_or(""));
  if (!algorithm) return invalid("The token's \"alg\" is none of HS256, RS256, ES256 and EdDSA.");
  const auto id = header->text("kid");
  if (header->has("kid") && !id) return invalid("The token's \"kid\" is not a string.");
  if (!is_signed(keys, *algorithm, id, pieces.signing_input, *signature))
    return invalid("The token is not signed with a key of this server.");
  return std::nullopt;
}

// NumericDate of RFC 7519 §2, fractions cut off; nullopt for what is no such number, or beyond the year 2200.
std::optional<Wall> read_time(std::string_view json) {
  constexpr int64_t kSecondsMax = 7'258'118'400;
  if (json.empty() || kind_of(json) != JsonKind::kNumber) return std::nullopt;
  int64_t seconds = 0;
  const char* const end = json.data() + json.size();
  const auto [rest, error] = std::from_chars(json.data(), end, seconds);
  if (error != std::errc() || seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  if (rest != end && (*rest != '.' || std::find_if(rest, end, [](char c) { return c == 'e' || c == 'E'; }) != end))
    return std::nullopt;
  return Wall(std::chrono::seconds(seconds));
}

std::optional<TokenRefusal> check_times(const JsonObject& claims, Wall now, Duration leeway) {
  const auto expires = read_time(claims.json("exp"));
  if (!expires) return invalid("The token has no \"exp\" in seconds since 1970.");
  if (now >= *expires + leeway) return TokenRefusal{TokenFault::kExpired, "The token has expired."};
  for (const std::string_view name : {"nbf", "iat"}) {
    if (!claims.has(name)) continue;
    const auto from = read_time(claims.json(name));
    if (!from) return invalid("The token's \"nbf\" or \"iat\" is not in seconds since 1970.");
    if (*from > now + leeway) return invalid("The token is not good yet.");
  }
  return std::nullopt;
}

// RFC 7519 §4.1.3: one string or a list of them.
bool is_audience(std::string_view aud_json, std::string_view audience) {
  if (kind_of(aud_json) == JsonKind::kString) return json_string_equals(aud_json, audience);
  if (kind_of(aud_json) != JsonKind::kArray) return false;
  JsonElements elements(aud_json);
  while (const auto element = elements.next()) {
    if (kind_of(*element) == JsonKind::kString && json_string_equals(*element, audience)) return true;
  }
  return false;
}

std::optional<TokenRefusal> check_parties(const JsonObject& claims, const JwtRules& rules) {
  if (!rules.issuer.empty() && claims.text("iss") != rules.issuer)
    return invalid("The token's \"iss\" is not the issuer this server trusts.");
  if (claims.has("aud") ? rules.audience.empty() || !is_audience(claims.json("aud"), rules.audience)
                        : !rules.audience.empty())
    return invalid("The token's \"aud\" is not this server.");
  return std::nullopt;
}

std::optional<TokenRefusal> read_person(const JsonObject& claims, Grant& grant) {
  if (claims.has("sub")) {
    const auto identity = claims.text("sub");
    if (!identity || identity->empty() || identity->size() > kIdentityBytesMax || has_control_characters(*identity))
      return invalid("The token's \"sub\" is not a string of 1 to 128 bytes without control characters.");
    grant.identity = *identity;
  }
  if (claims.has("name")) {
    grant.name = claims.text("name");
    if (!grant.name || count_characters(*grant.name) > kPeerNameCharactersMax || has_control_characters(*grant.name))
      return invalid("The token's \"name\" is not a string of at most 64 characters without control characters.");
  }
  if (claims.has("metadata")) {
    grant.metadata_json = std::string(claims.json("metadata"));
    if (kind_of(*grant.metadata_json) != JsonKind::kObject || grant.metadata_json->size() > kMetadataBytesMax)
      return invalid("The token's \"metadata\" is not an object of at most 4096 bytes of JSON.");
  }
  return std::nullopt;
}

std::optional<TokenRefusal> read_place(const JsonObject& claims, std::string_view room, Grant& grant) {
  const auto pattern = claims.text("room");
  if (!pattern) return invalid("The token has no \"room\": a name, or the beginning of one and a \"*\".");
  if (!fits_room(*pattern, room)) return TokenRefusal{TokenFault::kWrongRoom, "The token is for another room."};
  if (claims.has("role")) {
    grant.role = parse_role(claims.text("role").value_or(""));
    if (!grant.role) return invalid("The token's \"role\" is none of host, moderator, member and viewer.");
  }
  return std::nullopt;
}

}  // namespace

bool fits_room(std::string_view pattern, std::string_view room) {
  if (pattern.ends_with('*')) return room.starts_with(pattern.substr(0, pattern.size() - 1));
  return room == pattern;
}

std::variant<Grant, TokenRefusal> verify_jwt(const std::vector<JwtKey>& keys, const JwtRules& rules, Wall now,
                                             std::string_view room, std::string_view token) {
  if (token.size() > kTokenBytesMax) return invalid("The token is longer than 16384 bytes.");
  const auto pieces = split(token);
  if (!pieces) return invalid("The token is not three parts with dots between them.");
  if (const auto refusal = check_signature(keys, *pieces)) return *refusal;
  const auto text = auth::decode_base64url(pieces->claims);
  const auto claims = text ? JsonObject::read(*text) : std::nullopt;
  if (!claims) return invalid("The token's claims are not a JSON object whose members are all different.");
  Grant grant;
  auto refusal = check_times(*claims, now, rules.leeway);
  if (!refusal) refusal = check_parties(*claims, rules);
  if (!refusal) refusal = read_person(*claims, grant);
  if (!refusal) refusal = read_place(*claims, room, grant);
  if (refusal) return *refusal;
  return grant;
}

}  // namespace noom::signal
