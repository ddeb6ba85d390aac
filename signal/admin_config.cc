#include "signal/admin_config.h"

#include "common/ops/text_file.h"

namespace noom::signal {
namespace {

constexpr size_t kSecretBytesMin = 16;
constexpr const char* kRevocationsPath = "/v1/revocations";
constexpr Duration kRelayPatience = std::chrono::seconds(5);
constexpr Duration kRelayBackoffMax = std::chrono::seconds(5);

absl::StatusOr<Secret> read_secret(const ops::ConfigTable& table, std::string_view key, const std::string& path) {
  auto file = ops::read_secret_file(path);
  const std::string where = path + ": ";
  if (!file.ok()) {
    return absl::NotFoundError(table.fault(key, where + std::string(file.status().message()),
                                           "name a file that this daemon may read and that holds one line"));
  }
  if (file->secret.bytes().size() < kSecretBytesMin) {
    return absl::InvalidArgumentError(
        table.fault(key, where + "holds less than 16 characters", "make one: openssl rand -hex 32"));
  }
  return std::move(file->secret);
}

void warn_if_readable(const ops::ConfigTable& table, std::string_view key, const std::string& path,
                      ops::Findings& findings) {
  if (path.empty()) return;
  if (const auto file = ops::read_text_file(path); file.ok() && file->others_may_read)
    findings.warnings.push_back(table.fault(key, path + " can be read by others", "chmod 600 " + path));
}

}  // namespace

void add_relay_order_rows(ops::ConfigTable& table, AdminConfig& config) {
  table
      .text_list(
          "turn.admin_urls", &config.relay_urls,
          "The admin port of each noom-turn, as http://127.0.0.1:9642: told by HTTP whose credentials end with a "
          "kick, with or without NATS.")
      .path("turn.admin_token_file", &config.relay_token_file,
            "File with the token that noom-turn's admin.token_file holds, the same for all of them.")
      .path("turn.admin_ca_file", &config.relay_ca_file,
            "Certificates of the authorities that https:// ones are believed by; empty: the system's.");
}

void add_admin_rows(ops::ConfigTable& table, AdminConfig& config) {
  table
      .path("admin.token_file", &config.token_file,
            "A file with the bearer token of the API and the page on metrics.listen, at least 16 bytes; empty: there "
            "is neither.")
      .text_list("webhooks.urls", &config.webhook_urls,
                 "Who is told by POST when rooms begin and end, and who joins and leaves: http:// or https://.")
      .path("webhooks.secret_file", &config.webhook_secret_file,
            "File whose first line is the secret that webhooks are signed with, at least 16 characters.")
      .path("webhooks.ca_file", &config.webhook_ca_file,
            "Certificates of the authorities that https:// receivers are believed by; empty: the system's.")
      .seconds("webhooks.timeout_s", &config.webhook_timeout, {.min = 1, .max = 60},
               "How long a receiver may take to answer.")
      .seconds("webhooks.retry_for_s", &config.webhooks.retry_for, {.min = 0, .max = 86'400},
               "How long an event that a receiver refuses is tried again.")
      .integer("webhooks.queue_events", &config.webhooks.events_max, {.min = 16, .max = 1'000'000, .unit = "events"},
               "What may wait for one receiver; beyond it the oldest is dropped.");
}

void check_admin(const AdminConfig& config, Duration turn_ttl, const ops::ConfigTable& table, ops::Findings& findings) {
  if (const auto token = load_admin_token(config, table); !token.ok())
    findings.errors.emplace_back(token.status().message());
  if (const auto webhooks = load_webhooks(config, table); !webhooks.ok())
    findings.errors.emplace_back(webhooks.status().message());
  if (const auto orders = load_relay_orders(config, turn_ttl, table); !orders.ok())
    findings.errors.emplace_back(orders.status().message());
  warn_if_readable(table, "turn.admin_token_file", config.relay_token_file, findings);
  warn_if_readable(table, "admin.token_file", config.token_file, findings);
  warn_if_readable(table, "webhooks.secret_file", config.webhook_secret_file, findings);
}

absl::StatusOr<Secret> load_admin_token(const AdminConfig& config, const ops::ConfigTable& table) {
  if (config.token_file.empty()) return Secret();
  return read_secret(table, "admin.token_file", config.token_file);
}

absl::StatusOr<PostPlan> load_webhooks(const AdminConfig& config, const ops::ConfigTable& table) {
  if (config.webhook_urls.empty()) return PostPlan();
  PostPlan plan;
  for (const std::string& text : config.webhook_urls) {
    auto url = PostUrl::parse(text);
    if (!url) {
      return absl::InvalidArgumentError(table.fault("webhooks.urls", "\"" + text + "\" is no URL to POST to",
                                                    "write it like https://app.example.com/noom"));
    }
    plan.settings.urls.push_back(*std::move(url));
  }
  if (config.webhook_secret_file.empty()) {
    return absl::InvalidArgumentError(
        table.fault("webhooks.secret_file", "is missing", "webhooks are signed: openssl rand -hex 32 makes a secret"));
  }
  auto secret = read_secret(table, "webhooks.secret_file", config.webhook_secret_file);
  if (!secret.ok()) return secret.status();
  plan.kind = webhooks_signed_with(*std::move(secret));
  plan.settings.ca_file = config.webhook_ca_file;
  plan.settings.timeout = config.webhook_timeout;
  plan.settings.limits = config.webhooks;
  return plan;
}

absl::StatusOr<PostPlan> load_relay_orders(const AdminConfig& config, Duration turn_ttl,
                                           const ops::ConfigTable& table) {
  if (config.relay_urls.empty()) return PostPlan();
  PostPlan plan;
  for (const std::string& text : config.relay_urls) {
    auto url = PostUrl::parse(text);
    if (!url || url->target != "/") {
      return absl::InvalidArgumentError(table.fault("turn.admin_urls", "\"" + text + "\" is no admin port of noom-turn",
                                                    "write it like http://127.0.0.1:9642"));
    }
    url->target = kRevocationsPath;
    plan.settings.urls.push_back(*std::move(url));
  }
  if (config.relay_token_file.empty()) {
    return absl::InvalidArgumentError(
        table.fault("turn.admin_token_file", "is missing", "name the file that noom-turn's admin.token_file names"));
  }
  auto token = read_secret(table, "turn.admin_token_file", config.relay_token_file);
  if (!token.ok()) return token.status();
  plan.kind = relay_orders_with(*std::move(token));
  plan.settings.ca_file = config.relay_ca_file;
  plan.settings.timeout = kRelayPatience;
  plan.settings.limits = {.retry_for = turn_ttl, .backoff_max = kRelayBackoffMax};
  return plan;
}

}  // namespace noom::signal
