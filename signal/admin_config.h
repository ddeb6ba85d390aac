// The operator's API, webhooks and orders to relays, as an operator says it: who may use the first, who gets the
// others.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "common/post/post_sender.h"
#include "signal/post_kinds.h"

namespace noom::signal {

struct AdminConfig {
  std::string token_file;  // empty: no API and no page
  std::vector<std::string> webhook_urls;
  std::string webhook_secret_file;
  std::string webhook_ca_file;
  Duration webhook_timeout = PostSettings().timeout;
  PostLimits webhooks;
  std::vector<std::string> relay_urls;  // admin ports of noom-turn
  std::string relay_token_file;
  std::string relay_ca_file;
};

// Rows of [turn], and those of [admin] and [webhooks].
void add_relay_order_rows(ops::ConfigTable& table, AdminConfig& config);
void add_admin_rows(ops::ConfigTable& table, AdminConfig& config);
void check_admin(const AdminConfig& config, Duration turn_ttl, const ops::ConfigTable& table, ops::Findings& findings);

// These read files; the error is a line from ConfigTable::fault. Empty: there is no API.
absl::StatusOr<Secret> load_admin_token(const AdminConfig& config, const ops::ConfigTable& table);
struct PostPlan {
  PostKind kind;
  PostSettings settings;  // without URLs: nobody gets any
};
absl::StatusOr<PostPlan> load_webhooks(const AdminConfig& config, const ops::ConfigTable& table);
// An order is worth sending as long as credentials live.
absl::StatusOr<PostPlan> load_relay_orders(const AdminConfig& config, Duration turn_ttl, const ops::ConfigTable& table);

}  // namespace noom::signal
