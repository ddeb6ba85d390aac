#include "signal/admission_config.h"

#include <algorithm>
#include <array>

#include "common/ops/text_file.h"

namespace noom::signal {
namespace {

constexpr std::array<std::string_view, 4> kModes = {"open", "secret", "jwt", "ticket"};
constexpr size_t kSecretBytesMin = 16;

absl::StatusOr<Secret> read_secret(const ops::ConfigTable& table, std::string_view key, const std::string& path,
                                   size_t bytes_min) {
  auto file = ops::read_secret_file(path);
  const std::string where = path + ": ";
  if (!file.ok()) {
    return absl::NotFoundError(table.fault(key, where + std::string(file.status().message()),
                                           "name a file that this daemon may read and that holds one secret"));
  }
  if (file->secret.bytes().size() < bytes_min) {
    return absl::InvalidArgumentError(
        table.fault(key, where + "no secret of at least " + std::to_string(bytes_min) + " characters",
                    "make one: openssl rand -hex 32"));
  }
  return std::move(file->secret);
}

absl::Status read_jwt_keys(const AdmissionConfig& config, const ops::ConfigTable& table, std::vector<JwtKey>& keys) {
  if (!config.jwks_file.empty()) {
    const auto file = ops::read_text_file(config.jwks_file);
    const std::string where = config.jwks_file + ": ";
    if (!file.ok()) {
      return absl::NotFoundError(table.fault("admission.jwks_file", where + std::string(file.status().message()),
                                             "name a file that this daemon may read"));
    }
    auto parsed = parse_jwks(file->text);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(table.fault("admission.jwks_file",
                                                    where + std::string(parsed.status().message()),
                                                    "write a JWK Set of public keys (docs/admission.md)"));
    }
    keys = *std::move(parsed);
  }
  if (config.jwt_secret_file.empty()) return absl::OkStatus();
  auto secret = read_secret(table, "admission.jwt_secret_file", config.jwt_secret_file, auth::kHmacKeyBytesMin);
  if (!secret.ok()) return secret.status();
  auto key = auth::JwsKey::hmac(*std::move(secret));
  if (!key.ok()) return key.status();
  keys.push_back({"", *std::move(key)});
  return absl::OkStatus();
}

void check_modes(const AdmissionConfig& config, const ops::ConfigTable& table, ops::Findings& findings) {
  for (const std::string& mode : config.modes) {
    if (std::find(kModes.begin(), kModes.end(), mode) == kModes.end()) {
      findings.errors.push_back(table.fault("admission.modes", "\"" + mode + "\" is no mode",
                                            "wanted \"open\", \"secret\", \"jwt\" or \"ticket\""));
    }
  }
  if (config.modes.empty())
    findings.errors.push_back(table.fault("admission.modes", "nobody could join", "give at least one mode"));
  if (config.has_mode("secret") && config.secret_file.empty())
    findings.errors.push_back(table.fault("admission.secret_file", "is missing", "the mode \"secret\" needs it"));
  if (config.has_mode("jwt") && config.jwks_file.empty() && config.jwt_secret_file.empty()) {
    findings.errors.push_back(
        table.fault("admission.jwks_file", "is missing", "the mode \"jwt\" needs it, or admission.jwt_secret_file"));
  }
}

void check_use(const ops::ConfigTable& table, std::string_view key, const std::string& path, bool is_used,
               bool is_secret, ops::Findings& findings) {
  if (path.empty()) return;
  if (!is_used) {
    findings.warnings.push_back(table.fault(key, "is not used", "add the mode to admission.modes, or drop the key"));
    return;
  }
  if (const auto file = ops::read_text_file(path); is_secret && file.ok() && file->others_may_read)
    findings.warnings.push_back(table.fault(key, path + " can be read by others", "chmod 600 " + path));
}

}  // namespace

bool AdmissionConfig::has_mode(std::string_view mode) const {
  return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

std::vector<std::string> AdmissionConfig::files() const {
  std::vector<std::string> used;
  if (has_mode("secret")) used.push_back(secret_file);
  if (has_mode("jwt")) used.insert(used.end(), {jwks_file, jwt_secret_file});
  std::erase(used, "");
  return used;
}

void add_admission_rows(ops::ConfigTable& table, AdmissionConfig& config) {
  table
      .text_list("admission.modes", &config.modes,
                 "Who may join a room: anybody (\"open\"), who knows the secret (\"secret\"), who brings a JSON Web "
                 "Token (\"jwt\") or a one-time ticket (\"ticket\"); several at once.")
      .path("admission.secret_file", &config.secret_file, "File whose first line is the secret of the mode \"secret\".")
      .path("admission.jwks_file", &config.jwks_file,
            "JWK Set with the keys of tokens: HS256, RS256, ES256, EdDSA; read again when it changes.")
      .path("admission.jwt_secret_file", &config.jwt_secret_file,
            "File whose first line is an HS256 key of at least 32 characters, beside or in place of a JWK Set.")
      .text("admission.jwt_issuer", &config.jwt.issuer, "What a token's `iss` must be; \"\": anything.")
      .text("admission.jwt_audience", &config.jwt.audience,
            "What a token's `aud` must hold; \"\": tokens with an `aud` are refused.")
      .seconds("admission.jwt_leeway_s", &config.jwt.leeway, {.min = 0, .max = 300},
               "How far the clock of whoever makes tokens may differ.");
}

void check_admission(const AdmissionConfig& config, const ops::ConfigTable& table, ops::Findings& findings) {
  const size_t errors = findings.errors.size();
  check_modes(config, table, findings);
  check_use(table, "admission.secret_file", config.secret_file, config.has_mode("secret"), true, findings);
  check_use(table, "admission.jwks_file", config.jwks_file, config.has_mode("jwt"), false, findings);
  check_use(table, "admission.jwt_secret_file", config.jwt_secret_file, config.has_mode("jwt"), true, findings);
  if (findings.errors.size() > errors) return;
  const auto loaded = load_admission(config, table, Secret(std::string(32, 'k')));
  if (!loaded.ok()) findings.errors.push_back(std::string(loaded.status().message()));
}

absl::StatusOr<std::shared_ptr<const Admission>> load_admission(const AdmissionConfig& config,
                                                                const ops::ConfigTable& table, Secret ticket_key) {
  Admission::Rules rules;
  rules.open = config.has_mode("open");
  rules.takes_jwt = config.has_mode("jwt");
  rules.takes_tickets = config.has_mode("ticket");
  rules.ticket_key = std::move(ticket_key);
  rules.jwt = config.jwt;
  if (config.has_mode("secret")) {
    auto secret = read_secret(table, "admission.secret_file", config.secret_file, kSecretBytesMin);
    if (!secret.ok()) return secret.status();
    rules.secret = *std::move(secret);
  }
  if (rules.takes_jwt) {
    if (auto status = read_jwt_keys(config, table, rules.jwt_keys); !status.ok()) return status;
  }
  return std::make_shared<const Admission>(std::move(rules));
}

}  // namespace noom::signal
