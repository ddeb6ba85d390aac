// The operator's API and webhooks, as an operator says it: who may use the one, who gets the others.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "signal/shell/webhook_sender.h"

namespace noom::signal {

struct AdminConfig {
  std::string token_file;  // empty: no API and no page
  std::vector<std::string> webhook_urls;
  std::string webhook_secret_file;
  std::string webhook_ca_file;
  Duration webhook_timeout = WebhookSettings().timeout;
  WebhookLimits webhooks;
};

void add_admin_rows(ops::ConfigTable& table, AdminConfig& config);
void check_admin(const AdminConfig& config, const ops::ConfigTable& table, ops::Findings& findings);

// These read files; the error is a line from ConfigTable::fault. Empty: there is no API.
absl::StatusOr<Secret> load_admin_token(const AdminConfig& config, const ops::ConfigTable& table);
// Without URLs: nobody gets any.
absl::StatusOr<WebhookSettings> load_webhooks(const AdminConfig& config, const ops::ConfigTable& table);

}  // namespace noom::signal
