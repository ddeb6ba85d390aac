#include "signal/core/jwks.h"

#include <algorithm>

#include "common/auth/base64url.h"
#include "signal/core/json_object.h"
#include "signal/core/json_text.h"

namespace noom::signal {
namespace {

using auth::JwsAlgorithm;
using auth::JwsKey;

// What RFC 7518 §6 and RFC 8037 §2 call the types; nullopt for keys this server has no use for.
std::optional<JwsAlgorithm> algorithm_of(const JsonObject& jwk) {
  const auto type = jwk.text("kty");
  const auto curve = jwk.text("crv");
  std::optional<JwsAlgorithm> algorithm;
  if (type == "oct") algorithm = JwsAlgorithm::kHs256;
  if (type == "RSA") algorithm = JwsAlgorithm::kRs256;
  if (type == "EC" && curve == "P-256") algorithm = JwsAlgorithm::kEs256;
  if (type == "OKP" && curve == "Ed25519") algorithm = JwsAlgorithm::kEdDsa;
  if (!algorithm || (jwk.has("alg") && jwk.text("alg") != to_string(*algorithm))) return std::nullopt;
  if (jwk.has("use") && jwk.text("use") != "sig") return std::nullopt;
  return algorithm;
}

// RFC 7517 §4.3. A secret that may only sign is no key to verify with.
bool may_verify(const JsonObject& jwk) {
  if (!jwk.has("key_ops")) return true;
  if (kind_of(jwk.json("key_ops")) != JsonKind::kArray) return false;
  JsonElements operations(jwk.json("key_ops"));
  while (const auto operation = operations.next()) {
    if (kind_of(*operation) == JsonKind::kString && json_string_equals(*operation, "verify")) return true;
  }
  return false;
}

// "" and false for what is missing or not base64url.
bool read_bytes(const JsonObject& jwk, std::string_view name, std::string& bytes) {
  const auto text = jwk.text(name);
  auto decoded = text ? auth::decode_base64url(*text) : std::nullopt;
  if (!decoded) return false;
  bytes = *std::move(decoded);
  return true;
}

absl::StatusOr<JwsKey> read_key(const JsonObject& jwk, JwsAlgorithm algorithm) {
  if (algorithm != JwsAlgorithm::kHs256 && jwk.has("d"))
    return absl::InvalidArgumentError("is a private key: give this server the public half alone");
  std::string first;
  std::string second;
  switch (algorithm) {
    case JwsAlgorithm::kHs256: {
      if (!read_bytes(jwk, "k", first)) return absl::InvalidArgumentError("has no \"k\" in base64url");
      auto key = JwsKey::hmac(Secret(first));
      secure_zero(std::as_writable_bytes(std::span(first)));
      return key;
    }
    case JwsAlgorithm::kRs256:
      if (!read_bytes(jwk, "n", first) || !read_bytes(jwk, "e", second))
        return absl::InvalidArgumentError("has no \"n\" and \"e\" in base64url");
      return JwsKey::rsa(as_bytes(first), as_bytes(second));
    case JwsAlgorithm::kEs256:
      if (!read_bytes(jwk, "x", first) || !read_bytes(jwk, "y", second))
        return absl::InvalidArgumentError("has no \"x\" and \"y\" in base64url");
      return JwsKey::p256(as_bytes(first), as_bytes(second));
    case JwsAlgorithm::kEdDsa:
      break;
  }
  if (!read_bytes(jwk, "x", first)) return absl::InvalidArgumentError("has no \"x\" in base64url");
  return JwsKey::ed25519(as_bytes(first));
}

absl::Status fault(size_t place, std::string_view id, std::string_view what) {
  std::string line = "key " + std::to_string(place);
  if (!id.empty()) line += " (\"" + std::string(id) + "\")";
  return absl::InvalidArgumentError(line + ' ' + std::string(what));
}

}  // namespace

absl::StatusOr<std::vector<JwtKey>> parse_jwks(std::string_view text) {
  const auto set = JsonObject::read(text);
  if (!set || !set->has("keys") || kind_of(set->json("keys")) != JsonKind::kArray)
    return absl::InvalidArgumentError("not a JWK Set: {\"keys\":[...]} (RFC 7517)");
  std::vector<JwtKey> keys;
  JsonElements elements(set->json("keys"));
  size_t place = 0;
  while (const auto element = elements.next()) {
    ++place;
    const auto jwk = JsonObject::read(*element);
    if (!jwk) return fault(place, "", "is not an object whose members are all different");
    const auto algorithm = algorithm_of(*jwk);
    if (!algorithm || !may_verify(*jwk)) continue;
    std::string id = jwk->text("kid").value_or("");
    auto key = read_key(*jwk, *algorithm);
    if (!key.ok()) return fault(place, id, std::string(key.status().message()));
    const bool known = std::any_of(keys.begin(), keys.end(), [&](const JwtKey& other) {
      return !id.empty() && other.id == id && other.key.algorithm() == *algorithm;
    });
    if (known) return fault(place, id, "has the \"kid\" of a key before it");
    if (keys.size() == kJwtKeysMax) return fault(place, id, "is one too many: at most 32 keys");
    keys.push_back({std::move(id), *std::move(key)});
  }
  if (keys.empty()) return absl::InvalidArgumentError("no key for HS256, RS256, ES256 or EdDSA");
  return keys;
}

}  // namespace noom::signal
