// Keeps the external addresses that are looked up fresh: asks at start, again every so often, and sooner after a
// failure. What becomes of a change is the caller's.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/counter.h"
#include "common/base/endpoint.h"
#include "common/base/log.h"
#include "common/base/time.h"
#include "turn/external_source.h"

namespace noom::turn {

// One external address to look up for one address of this host.
struct ExternalQuestion {
  IpAddress local;
  ExternalSource source;
  friend bool operator==(const ExternalQuestion&, const ExternalQuestion&) = default;
};
// What each question was answered last; nothing before the first answer. An answer stays while asking again fails.
struct ExternalAnswer {
  ExternalQuestion question;
  std::optional<IpAddress> address;
};

struct ExternalStats {
  Counter succeeded;
  Counter failed;
  Counter changed;  // another address than the last time
};

using ExternalLookUp = std::function<absl::StatusOr<std::vector<IpAddress>>(const ExternalSource&, const IpAddress&)>;

// What to ask when. Single-threaded; the clock is handed in.
class ExternalTable {
 public:
  // Answers to the same questions in `known` are kept, and asked for again at once.
  ExternalTable(const std::vector<ExternalQuestion>& questions, const std::vector<ExternalAnswer>& known,
                Duration interval);

  // The index of a question that is due.
  std::optional<size_t> due(Mono now) const;
  const ExternalQuestion& question(size_t index) const { return entries_[index].answer.question; }
  // What the look-up said; true when the answer changed or came for the first time. `log` hears of changes, of the
  // first failure in a row, and of its end.
  bool record(size_t index, Mono now, const absl::StatusOr<std::vector<IpAddress>>& found, ExternalStats& stats,
              LogSink& log);
  Mono next_due() const;  // Mono::max() without questions
  std::vector<ExternalAnswer> answers() const;

 private:
  struct Entry {
    ExternalAnswer answer;
    Mono due = Mono::min();
    uint32_t failures = 0;  // in a row
  };
  bool take(Entry& entry, const std::vector<IpAddress>& found, LogSink& log);

  std::vector<Entry> entries_;
  Duration interval_;
};

// A thread that asks. on_change is called from it, never after the destructor has returned.
class ExternalWatch {
 public:
  using OnChange = std::function<void(const std::vector<ExternalAnswer>&)>;
  ExternalWatch(ExternalTable table, ExternalLookUp look_up, OnChange on_change, std::shared_ptr<ExternalStats> stats,
                LogSink& log);
  // Does not wait for a look-up under way, which may take as long as the system's resolver pleases.
  ~ExternalWatch();
  ExternalWatch(const ExternalWatch&) = delete;
  ExternalWatch& operator=(const ExternalWatch&) = delete;

  // Until every question has been asked once, or the time is up.
  void wait_for_first(Duration at_most);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace noom::turn
