#include "signal/state_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/auth/seal.h"
#include "common/io/fd.h"

namespace noom::signal {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr std::string_view kPurpose = "noom-signal saved state";
constexpr Duration kRotation = std::chrono::hours(12);  // far beyond any resume window

absl::Status system_error(const std::string& path) {
  return absl::UnavailableError(path + ": " + std::strerror(errno));
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

// Whole or not at all: beside it first, then renamed.
absl::Status write_file(const std::string& path, std::string_view content) {
  const std::string beside = path + ".new";
  const io::Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return system_error(beside);
  while (!content.empty()) {
    const ssize_t size = ::write(file.get(), content.data(), content.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error(beside);
    content.remove_prefix(static_cast<size_t>(size));
  }
  return ::rename(beside.c_str(), path.c_str()) == 0 ? absl::OkStatus() : system_error(path);
}

std::string key_path(const std::string& directory) {
  return directory + "/ticket.key";
}
std::string state_path(const std::string& directory) {
  return directory + "/sessions.sealed";
}

}  // namespace

absl::StatusOr<StateStore> StateStore::open(std::string directory, Random& random) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return absl::UnavailableError(directory + ": " + failed.message());
  auto key = read_file(key_path(directory));
  if (!key || key->size() != kKeyBytes) {
    std::array<std::byte, kKeyBytes> drawn{};
    random.fill(drawn);
    if (auto status = write_file(key_path(directory), as_text(drawn)); !status.ok()) return status;
    key = std::string(as_text(drawn));
    secure_zero(drawn);
  }
  Secret secret(*key);
  secure_zero(std::as_writable_bytes(std::span(key->data(), key->size())));
  return StateStore(std::move(directory), std::move(secret));
}

std::optional<std::string> StateStore::take(Now now) {
  const std::string path = state_path(directory_);
  const auto sealed = read_file(path);
  if (!sealed) return std::nullopt;
  // First gone, then used: who crashes in between has lost the sessions, and nobody gets the past back.
  if (::unlink(path.c_str()) != 0) return std::nullopt;
  const auto plain = auth::Seal(key_.clone(), kPurpose, kRotation).open(now.wall, as_bytes(*sealed));
  if (!plain) return std::nullopt;
  return std::string(as_text(*plain));
}

absl::Status StateStore::save(Now now, Random& random, std::string_view state) {
  const std::string path = state_path(directory_);
  if (state.empty()) {
    return ::unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus() : system_error(path);
  }
  const auto sealed = auth::Seal(key_.clone(), kPurpose, kRotation).seal(now.wall, random, as_bytes(state));
  return write_file(path, as_text(sealed));
}

}  // namespace noom::signal
