// Whatever somebody shows as a token or a ticket: nothing is granted that was not signed or sealed with the key, what
// is granted is within its limits, and any text may be given as a set of keys.
#include <string>

#include "common/auth/base64url.h"
#include "common/wire/digest.h"
#include "signal/core/admission.h"
#include "signal/core/join_ticket.h"
#include "signal/core/settings.h"
#include "tests/fuzz/property.h"

namespace noom::signal {
namespace {

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr Wall kNow{std::chrono::seconds(1'700'000'000)};

Admission::Rules rules() {
  Admission::Rules made;
  made.open = false;
  made.takes_jwt = made.takes_tickets = true;
  made.jwt_keys.push_back({"", *auth::JwsKey::hmac(Secret(kKey))});
  made.ticket_key = Secret(kKey);
  return made;
}

// Claims of anybody, signed with the key: read strictly, whatever they are.
void check_claims(const Admission& admission, std::string_view claims) {
  const std::string input =
      auth::encode_base64url(as_bytes(R"({"alg":"HS256"})")) + "." + auth::encode_base64url(as_bytes(claims));
  const auto mac = wire::hmac_sha256(as_bytes(kKey), {as_bytes(input)});
  const auto verdict = admission.judge(kNow, "standup", input + "." + auth::encode_base64url(mac));
  const auto* grant = std::get_if<Grant>(&verdict);
  if (grant == nullptr) return;
  NOOM_PROPERTY(grant->identity.size() <= kIdentityBytesMax && !grant->once);
  NOOM_PROPERTY(!grant->name || grant->name->size() <= kPeerNameBytesMax);
  NOOM_PROPERTY(!grant->metadata_json || grant->metadata_json->size() <= kMetadataBytesMax);
}

}  // namespace
}  // namespace noom::signal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace noom;
  using namespace noom::signal;
  static const Admission admission(rules());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  NOOM_PROPERTY(!std::holds_alternative<Grant>(admission.judge(kNow, "standup", text)));
  NOOM_PROPERTY(!std::holds_alternative<Grant>(
      admission.judge(kNow, "standup", std::string(kJoinTicketPrefix) + std::string(text))));
  check_claims(admission, text);
  if (const auto keys = parse_jwks(text); keys.ok()) NOOM_PROPERTY(!keys->empty() && keys->size() <= kJwtKeysMax);
  return 0;
}
