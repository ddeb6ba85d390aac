#include "common/usage/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <vector>

#include "common/ops/text_file.h"

namespace noom {
namespace {

constexpr std::string_view kPrefix = "usage-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr size_t kDigits = 10;

absl::Status system_error(const std::string& path) {
  return absl::UnavailableError(path + ": " + std::strerror(errno));
}

std::optional<uint64_t> segment_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) ||
      name.size() != kPrefix.size() + kDigits + kSuffix.size())
    return std::nullopt;
  uint64_t number = 0;
  const char* const begin = name.data() + kPrefix.size();
  const auto [end, error] = std::from_chars(begin, begin + kDigits, number);
  if (error != std::errc() || end != begin + kDigits) return std::nullopt;
  return number;
}

uint64_t size_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
}

// At most `bytes_max` from `offset`, up to the last line feed; a longer first line whole.
std::string read_lines(const std::string& path, uint64_t offset, size_t bytes_max) {
  const io::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  while (file.get() >= 0) {
    text.resize(bytes_max);
    const ssize_t got = ::pread(file.get(), text.data(), text.size(), static_cast<off_t>(offset));
    if (got <= 0) return {};
    text.resize(static_cast<size_t>(got));
    const size_t end = text.rfind('\n');
    if (end != text.npos) {
      text.resize(end + 1);
      return text;
    }
    if (text.size() < bytes_max) return {};  // the rest of a line that was never whole
    bytes_max *= 2;
  }
  return {};
}

}  // namespace

absl::StatusOr<Spool> Spool::open(std::string folder, SpoolLimits limits) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  Spool spool(std::move(folder), limits);
  if (absl::Status status = spool.find_segments(); !status.ok()) return status;
  if (absl::Status status = spool.begin_segment(); !status.ok()) {
    if (!spool.disk_is_full_) return status;
    spool.last_bytes_ = limits.segment_bytes;  // the first line tries again
  }
  return spool;
}

std::string Spool::path_of(uint64_t segment) const {
  std::string number = std::to_string(segment);
  number.insert(0, kDigits - std::min(kDigits, number.size()), '0');
  return folder_ + "/" + std::string(kPrefix) + number + std::string(kSuffix);
}

// What is there, and where the receiver is in it. Whoever collects the files without a receiver may have removed some.
absl::Status Spool::find_segments() {
  std::error_code error;
  std::vector<uint64_t> found;
  bytes_ = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (const auto segment = segment_of(entry.path().filename().string())) {
      found.push_back(*segment);
      bytes_ += size_of(entry.path().string());
    }
  }
  if (error) return absl::UnavailableError(folder_ + ": " + error.message());
  const auto cursor = ops::read_text_file(cursor_path());
  uint64_t segment = 0, offset = 0;
  if (cursor.ok()) std::istringstream(cursor->text) >> segment >> offset;
  last_ = std::max(last_, segment);
  first_ = 0;
  for (const uint64_t each : found) {
    last_ = std::max(last_, each);
    if (each >= segment && (first_ == 0 || each < first_)) first_ = each;
  }
  if (first_ == 0) first_ = last_ + 1;
  offset_ = first_ == segment ? offset : 0;
  return absl::OkStatus();
}

absl::Status Spool::begin_segment() {
  flush();
  const std::string path = path_of(last_ + 1);
  io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  disk_is_full_ = file.get() < 0 && (errno == ENOSPC || errno == EDQUOT);
  if (file.get() < 0) return system_error(path);
  // The name is to survive the host as its lines do.
  if (const io::Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); folder.get() >= 0)
    ::fsync(folder.get());
  ++last_;
  last_bytes_ = 0;
  file_ = std::move(file);
  return absl::OkStatus();
}

Spool::Kept Spool::append(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  const auto is_full = [&] { return bytes_ + text.size() > limits_.bytes_max; };
  if (is_full() && !std::exchange(looked_, true)) find_segments().IgnoreError();
  if (is_full()) return Kept::kFull;
  if (last_bytes_ >= limits_.segment_bytes) {
    if (const absl::Status status = begin_segment(); !status.ok()) {
      failure_ = std::string(status.message());
      return Kept::kFailed;
    }
  }
  const ssize_t written = ::write(file_.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    failure_ = path_of(last_) + ": " + (written < 0 ? std::strerror(errno) : "no space for a whole line");
    // A part of a line is none.
    if (written > 0 && ::ftruncate(file_.get(), static_cast<off_t>(last_bytes_)) != 0)
      last_bytes_ = limits_.segment_bytes;
    return Kept::kFailed;
  }
  last_bytes_ += text.size();
  bytes_ += text.size();
  dirty_ = true;
  return Kept::kYes;
}

void Spool::sync() {
  looked_ = false;
  flush();
}

void Spool::flush() {
  if (std::exchange(dirty_, false)) ::fdatasync(file_.get());
}

Spool::Batch Spool::next(size_t bytes_max) const {
  Batch batch;
  uint64_t offset = offset_;
  for (uint64_t segment = first_; segment <= last_; ++segment, offset = 0) {
    batch.lines = read_lines(path_of(segment), offset, bytes_max);
    if (batch.lines.empty()) continue;
    batch.count = static_cast<uint64_t>(std::count(batch.lines.begin(), batch.lines.end(), '\n'));
    batch.segment = segment;
    batch.offset = offset + batch.lines.size();
    return batch;
  }
  return batch;
}

// Should the note fail, as on a full disk, the next process gives again what is left of the segment; removing others
// makes room all the same.
void Spool::take(const Batch& batch) {
  offset_ = batch.offset;
  const auto remove = [this](uint64_t segment) {
    const uint64_t size = size_of(path_of(segment));
    if (::unlink(path_of(segment).c_str()) == 0) bytes_ -= std::min(bytes_, size);
  };
  for (; first_ < batch.segment; ++first_) remove(first_);
  if (first_ < last_ && offset_ >= size_of(path_of(first_))) {
    remove(first_++);
    offset_ = 0;
  }
  ops::write_text_file_atomically(cursor_path(), std::to_string(first_) + " " + std::to_string(offset_) + "\n")
      .IgnoreError();
}

}  // namespace noom
