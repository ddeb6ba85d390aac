// Who may join, as an operator says it: modes, and the files with secrets and keys, which are read again when they
// change.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "signal/core/admission.h"

namespace noom::signal {

struct AdmissionConfig {
  std::vector<std::string> modes = {"open"};
  std::string secret_file;
  std::string jwks_file;
  std::string jwt_secret_file;
  JwtRules jwt;

  // Those that are used, for a watch.
  std::vector<std::string> files() const;
  bool has_mode(std::string_view mode) const;
};

void add_admission_rows(ops::ConfigTable& table, AdmissionConfig& config);
void check_admission(const AdmissionConfig& config, const ops::ConfigTable& table, ops::Findings& findings);

// Reads the files. `ticket_key`: at least 32 bytes. The error is a line from ConfigTable::fault.
absl::StatusOr<std::shared_ptr<const Admission>> load_admission(const AdmissionConfig& config,
                                                                const ops::ConfigTable& table, Secret ticket_key);

}  // namespace noom::signal
