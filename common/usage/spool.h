// Lines kept in files until a receiver has taken them, through kill -9 and full disks. A folder of segments,
// usage-0000000001.jsonl and so on, and beside them how far the receiver is. Each line is one write(2): what append()
// has kept survives the process at once, and the host with the next sync().
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/io/fd.h"

namespace noom {

struct SpoolLimits {
  uint64_t bytes_max = 256 << 20;    // of all segments; beyond it nothing more is kept
  uint64_t segment_bytes = 1 << 20;  // a longer one is followed by the next
};

// Single-threaded; one process at a time has the folder.
class Spool {
 public:
  // Makes the folder where it is missing. Errors are the system's words, with the path.
  static absl::StatusOr<Spool> open(std::string folder, SpoolLimits limits);

  enum class Kept : uint8_t { kYes, kFull, kFailed };
  // `line` holds no line feed. kFailed: the system's reason is failure().
  Kept append(std::string_view line);
  const std::string& failure() const { return failure_; }
  // On the disk, whatever happens to the host. A full spool looks once after each for files that were taken away.
  void sync();

  struct Batch {
    std::string lines;  // whole ones, each with its line feed; empty: nothing waits
    uint64_t count = 0;
    uint64_t segment = 0;  // where the next one begins
    uint64_t offset = 0;
  };
  // The oldest lines that wait, at least one, at most `bytes_max` where one is not longer.
  Batch next(size_t bytes_max) const;
  // The receiver has taken the batch: it is not given again, and segments that it was the last of are removed.
  void take(const Batch& batch);

  uint64_t bytes() const { return bytes_; }  // of all segments

 private:
  Spool(std::string folder, SpoolLimits limits) : folder_(std::move(folder)), limits_(limits) {}
  std::string path_of(uint64_t segment) const;
  std::string cursor_path() const { return folder_ + "/delivered"; }
  absl::Status find_segments();
  absl::Status begin_segment();
  void flush();

  std::string folder_;
  SpoolLimits limits_;
  uint64_t first_ = 1;   // segment that is read
  uint64_t offset_ = 0;  // in it
  uint64_t last_ = 0;    // segment that is written
  uint64_t last_bytes_ = 0;
  uint64_t bytes_ = 0;
  io::Fd file_;
  bool dirty_ = false;
  bool disk_is_full_ = false;  // as begin_segment() found it
  bool looked_ = false;        // since the last sync(), whether files were taken away
  std::string failure_;
};

}  // namespace noom
