// Bytes that live until the Output they belong to is cleared: responses, and datagrams that could not be framed in
// place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "common/base/bytes.h"

namespace noom::turn {

// Hands out uninitialised bytes from chunks that never move. Once warm it allocates nothing; a burst's extra chunks are
// given back by clear().
class Arena {
 public:
  static constexpr size_t kChunkBytes = 64 * 1024;  // a batch of control responses fits in one
  static constexpr size_t kChunksKept = 4;          // per shard, idle

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  MutableBytes take(size_t size) {
    if (current_ < chunks_.size() && size > chunks_[current_].size - used_) {
      ++current_;
      used_ = 0;
    }
    // A chunk kept from an earlier round may be too small for an outsized request: it gets one of its own in that
    // place.
    if (current_ < chunks_.size() && size > chunks_[current_].size) chunks_.resize(current_);
    if (current_ == chunks_.size()) {
      const size_t chunk_size = std::max(size, kChunkBytes);
      chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(chunk_size), chunk_size});
    }
    const MutableBytes taken(chunks_[current_].bytes.get() + used_, size);
    used_ += size;
    return taken;
  }
  // Gives back the unused end of the latest take().
  void give_back(size_t size) { used_ -= size; }

  void clear() {
    if (chunks_.size() > kChunksKept) chunks_.resize(kChunksKept);
    current_ = 0;
    used_ = 0;
  }

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    size_t size;
  };
  std::vector<Chunk> chunks_;
  size_t current_ = 0;
  size_t used_ = 0;
};

}  // namespace noom::turn
