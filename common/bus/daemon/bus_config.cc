#include "common/bus/daemon/bus_config.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/ops/text_file.h"

namespace noom::bus {
namespace {

constexpr size_t kNameBytesMax = 64;

// Letters, digits, '-' and '_', with single dots between them.
bool is_name(std::string_view text) {
  bool dot_allowed = false;
  for (const char c : text) {
    const bool word =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!word && !(c == '.' && dot_allowed)) return false;
    dot_allowed = word;
  }
  return dot_allowed && text.size() <= kNameBytesMax;
}

bool is_tls(const std::string& server) {
  return absl::StartsWith(server, "tls://");
}

bool is_server(std::string_view server) {
  const size_t scheme = server.find("://");
  if (scheme == std::string_view::npos || (server.substr(0, scheme) != "nats" && server.substr(0, scheme) != "tls"))
    return false;
  const std::string_view rest = server.substr(scheme + 3);
  return !rest.empty() && rest.find_first_of("@/, ") == std::string_view::npos;
}

absl::StatusOr<NatsLogin> read_login(const BusConfig& config) {
  NatsLogin login{.credentials_file = config.credentials_file, .nkey = config.nkey, .nkey_seed_file = config.nkey_file};
  const auto read = [](const std::string& path) -> absl::StatusOr<Secret> {
    auto file = ops::read_secret_file(path);
    if (!file.ok()) return absl::UnavailableError(absl::StrCat(path, ": ", file.status().message()));
    return std::move(file->secret);
  };
  if (!config.user_file.empty()) {
    const absl::StatusOr<Secret> line = read(config.user_file);
    if (!line.ok()) return line.status();
    const size_t colon = line->reveal().find(':');
    if (colon == std::string_view::npos || colon == 0)
      return absl::UnavailableError(absl::StrCat(config.user_file, ": the line is not \"name:password\""));
    login.user = line->reveal().substr(0, colon);
    login.password = Secret(line->reveal().substr(colon + 1));
  }
  if (!config.token_file.empty()) {
    absl::StatusOr<Secret> line = read(config.token_file);
    if (!line.ok()) return line.status();
    login.token = *std::move(line);
  }
  return login;
}

struct NamedFile {
  std::string_view key;
  const std::string* path;
  bool secret;
};
std::vector<NamedFile> files_of(const BusConfig& config) {
  std::vector<NamedFile> files;
  for (const NamedFile& file : std::to_array<NamedFile>({{"cluster.user_file", &config.user_file, true},
                                                         {"cluster.token_file", &config.token_file, true},
                                                         {"cluster.credentials_file", &config.credentials_file, true},
                                                         {"cluster.nkey_file", &config.nkey_file, true},
                                                         {"cluster.tls_ca_file", &config.tls.ca_file, false},
                                                         {"cluster.tls_certificate", &config.tls.certificate, false},
                                                         {"cluster.tls_key", &config.tls.key, true}}))
    if (!file.path->empty()) files.push_back(file);
  return files;
}

}  // namespace

void add_bus_rows(ops::ConfigTable& table, BusConfig& config) {
  table
      .text_list("cluster.servers", &config.servers,
                 "NATS servers through which nodes speak to each other, each \"nats://host:4222\" or, with TLS, "
                 "\"tls://host:4222\"; any of one NATS cluster. Empty: this node is by itself.")
      .text("cluster.node", &config.node,
            "This node's name, its own among all that use the same subjects; letters, digits, - and _, with dots "
            "between them. Empty: the host name.")
      .text("cluster.subject_prefix", &config.subject_prefix,
            "The first part of every subject; the same on all nodes that belong together.")
      .path("cluster.user_file", &config.user_file,
            "A file with one line \"name:password\", the user that NATS knows this node by.")
      .path("cluster.token_file", &config.token_file, "A file with the token that NATS asks for.")
      .path("cluster.credentials_file", &config.credentials_file,
            "A file with a JWT and its seed (.creds), for NATS with decentralised users.")
      .text("cluster.nkey", &config.nkey, "This node's public NKEY, \"U…\"; goes with cluster.nkey_file.")
      .path("cluster.nkey_file", &config.nkey_file, "A file with the seed of cluster.nkey, \"SU…\".")
      .path("cluster.tls_ca_file", &config.tls.ca_file,
            "The certificate authorities that may vouch for NATS servers, PEM; empty: the system's.")
      .path("cluster.tls_certificate", &config.tls.certificate,
            "This node's certificate chain, PEM, for NATS servers that ask for one.")
      .path("cluster.tls_key", &config.tls.key, "The private key of cluster.tls_certificate, PEM.")
      .boolean("cluster.tls_verify", &config.tls.verify,
               "Check the NATS servers' certificates and the names in them; off only for tests.");
}

void check_bus(const BusConfig& config, const ops::ConfigTable& table, ops::Findings& findings) {
  const auto error = [&](std::string_view key, std::string_view what, std::string_view remedy) {
    findings.errors.push_back(table.fault(key, what, remedy));
  };
  for (const std::string& server : config.servers)
    if (!is_server(server))
      error("cluster.servers", absl::StrCat("\"", server, "\" is no NATS server"),
            "write \"nats://host:4222\" or \"tls://host:4222\", and credentials into files");
  if (!config.node.empty() && !is_name(config.node))
    error("cluster.node", absl::StrCat("\"", config.node, "\" is no node name"),
          "use at most 64 letters, digits, - and _, with single dots between them");
  if (config.node.empty() && config.enabled() && !is_name(node_name(config)))
    error("cluster.node", absl::StrCat("the host name \"", node_name(config), "\" is no node name"),
          "give it one here");
  if (!is_name(config.subject_prefix))
    error("cluster.subject_prefix", absl::StrCat("\"", config.subject_prefix, "\" cannot begin a subject"),
          "use letters, digits, - and _, with single dots between them");
  if (config.nkey.empty() != config.nkey_file.empty())
    error(config.nkey.empty() ? "cluster.nkey" : "cluster.nkey_file", "is missing",
          "cluster.nkey and cluster.nkey_file go together");
  if (config.tls.certificate.empty() != config.tls.key.empty())
    error(config.tls.key.empty() ? "cluster.tls_key" : "cluster.tls_certificate", "is missing",
          "cluster.tls_certificate and cluster.tls_key go together");
  const bool any_tls = std::any_of(config.servers.begin(), config.servers.end(), is_tls);
  if (any_tls && !std::all_of(config.servers.begin(), config.servers.end(), is_tls))
    error("cluster.servers", "some servers are asked for TLS and some are not", "write tls:// everywhere");
  if (config.enabled() && !any_tls && !(config.tls.ca_file.empty() && config.tls.certificate.empty()))
    error("cluster.tls_ca_file", "cluster.servers has no tls:// server", "write tls:// there");
  if (any_tls && !config.tls.verify)
    findings.warnings.push_back(
        table.fault("cluster.tls_verify", "NATS servers are not verified", "set cluster.tls_ca_file instead"));
  for (const NamedFile& file : files_of(config)) {
    const auto read = ops::read_text_file(*file.path);
    if (!read.ok()) {
      error(file.key, absl::StrCat(*file.path, ": ", read.status().message()), "name a file that this daemon can read");
    } else if (file.secret && read->others_may_read) {
      findings.warnings.push_back(table.fault(file.key, absl::StrCat(*file.path, " can be read by others"),
                                              absl::StrCat("chmod 600 ", *file.path)));
    }
  }
  if (!findings.errors.empty()) return;
  if (const auto login = read_login(config); !login.ok())
    error(config.user_file.empty() ? "cluster.token_file" : "cluster.user_file", std::string(login.status().message()),
          "write one line");
}

std::string node_name(const BusConfig& config) {
  if (!config.node.empty()) return config.node;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

NatsOptions nats_options(const BusConfig& config, std::string_view daemon) {
  NatsOptions options;
  options.servers = config.servers;
  options.login = [config] { return read_login(config); };
  options.tls = config.tls;
  options.name = std::string(daemon) + " " + node_name(config);
  return options;
}

}  // namespace noom::bus
