// What is on disk is used as long as it is good; what is not is made anew. Signing itself is in certificate_maker.*.
#include "signal/shell/dev_certificate.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "common/io/local_addresses.h"
#include "signal/core/host.h"
#include "signal/shell/certificate_maker.h"

namespace noom::signal {
namespace {

namespace fs = std::filesystem;

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kCaLifetime = 3650 * kDay;
constexpr Duration kCaRenewBefore = 365 * kDay;
constexpr Duration kLeafLifetime = 397 * kDay;  // browsers accept at most 398
constexpr Duration kLeafRenewBefore = 30 * kDay;

struct Paths {
  explicit Paths(const fs::path& in)
      : ca((in / "ca.pem").string()),
        ca_key((in / "ca-key.pem").string()),
        certificate((in / "cert.pem").string()),
        key((in / "key.pem").string()) {}
  std::string ca, ca_key, certificate, key;
};

absl::Status store(const Issued& issued, const std::string& certificate_path, const std::string& key_path,
                   const std::string& chain_pem) {
  if (auto status = write_private_file(key_path, issued.key_pem()); !status.ok()) return status;
  return write_public_file(certificate_path, issued.certificate_pem() + chain_pem);
}

absl::StatusOr<Issued> make_ca(const Paths& paths, const DevNames& names, Wall now) {
  auto ca = issue_ca(names, now, now + kCaLifetime);
  if (!ca.ok()) return ca;
  if (auto status = store(*ca, paths.ca, paths.ca_key, ""); !status.ok()) return status;
  return ca;
}

bool is_good_leaf(const Issued& leaf, const Issued& ca, const DevNames& names, Wall now) {
  return leaf.is_valid_until(now + kLeafRenewBefore) && leaf.covers(names) && leaf.verifies_under(ca, now);
}

}  // namespace

absl::StatusOr<DevNames> local_dev_names() {
  DevNames names;
  names.hosts = {"localhost"};
  std::array<char, 256> text{};
  if (::gethostname(text.data(), text.size() - 1) == 0) {
    const auto host = host_of(text.data());
    if (host && !IpAddress::parse(*host) && *host != "localhost") {
      names.hosts.push_back(*host);
      if (host->find('.') == std::string::npos) names.hosts.push_back(*host + ".local");
    }
  }
  auto addresses = io::local_addresses();
  if (!addresses.ok()) return addresses.status();
  for (const io::LocalAddress& local : *addresses) {
    if (local.up && !local.link_local) names.addresses.push_back(local.address);
  }
  std::sort(names.addresses.begin(), names.addresses.end());
  names.addresses.erase(std::unique(names.addresses.begin(), names.addresses.end()), names.addresses.end());
  return names;
}

absl::StatusOr<DevCertificate> ensure_dev_certificate(const std::string& directory, const DevNames& names, Wall now) {
  std::error_code error;
  if (fs::create_directories(directory, error)) fs::permissions(directory, fs::perms::owner_all, error);
  if (!fs::is_directory(directory, error))
    return absl::PermissionDeniedError(directory + " is no directory and cannot be made one");
  const Paths paths{fs::path(directory)};
  DevCertificate result{paths.ca, paths.certificate, paths.key, false};

  absl::StatusOr<Issued> ca = Issued::load(paths.ca, paths.ca_key);
  const bool has_ca = ca.ok() && ca->is_valid_until(now + kCaRenewBefore);
  if (has_ca) {
    const auto leaf = Issued::load(paths.certificate, paths.key);
    if (leaf.ok() && is_good_leaf(*leaf, *ca, names, now)) return result;
  } else {
    ca = make_ca(paths, names, now);
    if (!ca.ok()) return ca.status();
  }

  auto leaf = issue_leaf(*ca, names, now, now + kLeafLifetime);
  if (leaf.ok() && has_ca && !leaf->verifies_under(*ca, now)) {
    // A name that the old CA was not allowed to sign for: the host was renamed, or got a public address.
    ca = make_ca(paths, names, now);
    if (!ca.ok()) return ca.status();
    leaf = issue_leaf(*ca, names, now, now + kLeafLifetime);
  }
  if (!leaf.ok()) return leaf.status();
  if (!leaf->verifies_under(*ca, now))
    return absl::InternalError("the new certificate does not verify under its own CA");
  if (auto status = store(*leaf, paths.certificate, paths.key, ca->certificate_pem()); !status.ok()) return status;
  result.renewed = true;
  return result;
}

}  // namespace noom::signal
