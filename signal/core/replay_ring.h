// What a client that may resume has been sent and has not confirmed yet, in order and counted from the beginning of its
// session. Bounded in bytes: beyond them the oldest go, and with them the possibility of an exact replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace noom::signal {

using Text = std::shared_ptr<const std::string>;

class ReplayRing {
 public:
  void append(Text text, size_t bytes_max);
  // The client has the first `received` messages. A number from the past or the future changes nothing.
  void acknowledge(uint64_t received);
  // What came after the first `received`, borrowed until the next call; nullopt when that cannot be told any more or
  // never could.
  std::optional<std::span<const Text>> after(uint64_t received) const;
  // Gives up what is kept; the count goes on.
  void forget();

  uint64_t appended() const { return first_ + size(); }
  size_t bytes() const { return bytes_; }
  // In order; the first of them is message number appended() - size().
  std::span<const Text> kept() const { return std::span(texts_).subspan(head_); }
  // For a ring that another process kept: `texts` end at number `appended`.
  static ReplayRing restored(std::vector<Text> texts, uint64_t appended);

 private:
  size_t size() const { return texts_.size() - head_; }
  void drop_first();

  std::vector<Text> texts_;  // before head_: empty
  size_t head_ = 0;
  uint64_t first_ = 0;  // how many messages came before texts_[head_]
  size_t bytes_ = 0;
};

// What one kept message costs beside its text.
constexpr size_t kReplayEntryBytes = 64;

}  // namespace noom::signal
