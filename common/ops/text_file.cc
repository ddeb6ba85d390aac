#include "common/ops/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

namespace noom::ops {
namespace {

constexpr std::string_view kBlanks = " \t\r";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status system_error(int error) {
  return absl::UnavailableError(std::strerror(error));
}

absl::Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TextFile> read_text_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error(errno);
  TextFile result;
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return system_error(errno);
  result.others_may_read = S_ISREG(facts.st_mode) && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  char chunk[4096];
  for (;;) {
    const ssize_t count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno);
    if (count == 0) return result;
    result.text.append(chunk, static_cast<size_t>(count));
    if (result.text.size() > kTextFileBytesMax) return system_error(EFBIG);
  }
}

absl::StatusOr<SecretFile> read_secret_file(const std::string& path) {
  absl::StatusOr<TextFile> file = read_text_file(path);
  if (!file.ok()) return file.status();
  SecretFile result{.secret = {}, .others_may_read = file->others_may_read};
  const auto lines = meaningful_lines(file->text);
  const size_t count = lines.size();
  if (count == 1) result.secret = Secret(lines[0]);
  secure_zero(std::as_writable_bytes(std::span(file->text)));
  if (count == 0) return absl::InvalidArgumentError("holds no secret");
  if (count > 1) return absl::InvalidArgumentError("holds more than one line");
  return result;
}

std::vector<std::string_view> meaningful_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t first = line.find_first_not_of(kBlanks);
    if (first == line.npos || line[first] == '#') continue;
    lines.push_back(line.substr(first, line.find_last_not_of(kBlanks) - first + 1));
  }
  return lines;
}

absl::Status write_text_file_atomically(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  {
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return system_error(errno);
    if (absl::Status status = write_all(file.get(), text); !status.ok()) return status;
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) return system_error(errno);
  return absl::OkStatus();
}

}  // namespace noom::ops
