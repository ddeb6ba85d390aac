#include "common/usage/usage_config.h"

#include <utility>

#include "common/ops/text_file.h"

namespace noom {
namespace {

constexpr size_t kSecretBytesMin = 16;

// Everything but the folder.
absl::StatusOr<UsageSettings> settings_of(const UsageConfig& config, const ops::ConfigTable& table) {
  UsageSettings settings;
  settings.folder = config.directory;
  settings.limits.bytes_max = config.spool_bytes;
  settings.ca_file = config.ca_file;
  settings.timeout = config.timeout;
  if (config.url.empty()) return settings;
  settings.url = PostUrl::parse(config.url);
  if (!settings.url)
    return absl::InvalidArgumentError(table.fault("usage.url", "\"" + config.url + "\" is no URL to POST to",
                                                  "write it like https://billing.example.com/noom"));
  if (config.secret_file.empty())
    return absl::InvalidArgumentError(
        table.fault("usage.secret_file", "is missing", "records are signed: openssl rand -hex 32 makes a secret"));
  auto file = ops::read_secret_file(config.secret_file);
  const std::string where = config.secret_file + ": ";
  if (!file.ok())
    return absl::NotFoundError(table.fault("usage.secret_file", where + std::string(file.status().message()),
                                           "name a file that this daemon may read and that holds one line"));
  if (file->secret.bytes().size() < kSecretBytesMin)
    return absl::InvalidArgumentError(
        table.fault("usage.secret_file", where + "holds less than 16 characters", "make one: openssl rand -hex 32"));
  settings.secret = std::move(file->secret);
  return settings;
}

}  // namespace

void add_usage_rows(ops::ConfigTable& table, UsageConfig& config) {
  table
      .path(
          "usage.directory", &config.directory,
          "A folder of its own for usage records, JSON lines in files, until they are delivered; empty: none are made.")
      .integer("usage.spool_bytes", &config.spool_bytes, {.min = 64 * 1024, .max = uint64_t{1} << 40, .unit = "bytes"},
               "What may wait there; beyond it records are lost, which is counted and said.")
      .text("usage.url", &config.url,
            "Who is POSTed the records, http:// or https://; empty: whoever collects the files.")
      .path("usage.secret_file", &config.secret_file,
            "File whose first line is the secret that they are signed with, at least 16 characters.")
      .path("usage.ca_file", &config.ca_file,
            "Certificates of the authorities that an https:// receiver is believed by; empty: the system's.")
      .seconds("usage.timeout_s", &config.timeout, {.min = 1, .max = 60}, "How long the receiver may take to answer.");
}

void check_usage(const UsageConfig& config, const ops::ConfigTable& table, ops::Findings& findings) {
  if (const auto settings = settings_of(config, table); !settings.ok())
    findings.errors.emplace_back(settings.status().message());
  if (!config.enabled() && !config.url.empty())
    findings.errors.push_back(
        table.fault("usage.directory", "is missing", "records are kept there until usage.url takes them"));
  if (config.secret_file.empty()) return;
  if (const auto file = ops::read_text_file(config.secret_file); file.ok() && file->others_may_read)
    findings.warnings.push_back(table.fault("usage.secret_file", config.secret_file + " can be read by others",
                                            "chmod 600 " + config.secret_file));
}

absl::StatusOr<std::unique_ptr<UsageRecorder>> start_usage(const UsageConfig& config, std::string node,
                                                           const ops::ConfigTable& table, LogSink& log) {
  if (!config.enabled()) return nullptr;
  auto settings = settings_of(config, table);
  if (!settings.ok()) return settings.status();
  settings->node = std::move(node);
  auto recorder = UsageRecorder::start(*std::move(settings), log);
  if (!recorder.ok())
    return absl::UnavailableError(table.fault("usage.directory", std::string(recorder.status().message()),
                                              "name a folder that this daemon may write, and none of another daemon"));
  return *std::move(recorder);
}

}  // namespace noom
