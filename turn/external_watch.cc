#include "turn/external_watch.h"

#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/io/clocks.h"

namespace noom::turn {
namespace {

constexpr Duration kRetryFirst = std::chrono::seconds(1);  // doubled with every failure, up to the interval

}  // namespace

ExternalTable::ExternalTable(const std::vector<ExternalQuestion>& questions, const std::vector<ExternalAnswer>& known,
                             Duration interval)
    : interval_(interval) {
  for (const ExternalQuestion& question : questions) {
    Entry& entry = entries_.emplace_back(Entry{.answer = {question, std::nullopt}});
    const auto same = std::ranges::find(known, question, &ExternalAnswer::question);
    if (same != known.end()) entry.answer.address = same->address;
  }
}

std::optional<size_t> ExternalTable::due(Mono now) const {
  for (size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].due <= now) return i;
  return std::nullopt;
}

bool ExternalTable::record(size_t index, Mono now, const absl::StatusOr<std::vector<IpAddress>>& found,
                           ExternalStats& stats, LogSink& log) {
  Entry& entry = entries_[index];
  const ExternalQuestion& asked = entry.answer.question;
  if (found.ok()) {
    stats.succeeded.add();
    if (entry.failures > 0)
      log.info("external_lookup_recovered", {{"source", asked.source.to_string()}, {"local", asked.local.to_string()}});
    entry.failures = 0;
    entry.due = now + interval_;
    if (!take(entry, *found, log)) return false;
    stats.changed.add();
    return true;
  }
  stats.failed.add();
  if (entry.failures == 0)
    log.warning("external_lookup_failed",
                {{"source", asked.source.to_string()},
                 {"local", asked.local.to_string()},
                 {"reason", std::string(found.status().message())},
                 {"kept", entry.answer.address ? entry.answer.address->to_string() : std::string()}});
  const auto factor = int64_t{1} << std::min(entry.failures, 20u);
  entry.due = now + std::min(interval_, kRetryFirst * factor);
  ++entry.failures;
  return false;
}

// A name may have several addresses, in any order: the one in use stays as long as it is among them.
bool ExternalTable::take(Entry& entry, const std::vector<IpAddress>& found, LogSink& log) {
  std::optional<IpAddress>& current = entry.answer.address;
  if (current && std::ranges::find(found, *current) != found.end()) return false;
  const ExternalQuestion& question = entry.answer.question;
  log.info("external_address", {{"local", question.local.to_string()},
                                {"source", question.source.to_string()},
                                {"external", found.front().to_string()},
                                {"before", current ? current->to_string() : std::string()}});
  current = found.front();
  return true;
}

Mono ExternalTable::next_due() const {
  Mono first = Mono::max();
  for (const Entry& entry : entries_) first = std::min(first, entry.due);
  return first;
}

std::vector<ExternalAnswer> ExternalTable::answers() const {
  std::vector<ExternalAnswer> answers;
  for (const Entry& entry : entries_) answers.push_back(entry.answer);
  return answers;
}

// What the thread and the owner share: the thread may outlive the owner by one look-up.
struct ExternalWatch::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  bool asked = false;  // every question once

  static void run(const std::shared_ptr<State>& state, ExternalTable table, const ExternalLookUp& look_up,
                  const OnChange& on_change, const std::shared_ptr<ExternalStats>& stats, LogSink& log);
};

void ExternalWatch::State::run(const std::shared_ptr<State>& state, ExternalTable table, const ExternalLookUp& look_up,
                               const OnChange& on_change, const std::shared_ptr<ExternalStats>& stats, LogSink& log) {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    bool changed = false;
    const Mono now = io::read_clocks().mono;
    while (const auto index = table.due(now)) {
      const ExternalQuestion question = table.question(*index);
      const auto found = look_up(question.source, question.local);
      const std::scoped_lock lock(state->mutex);
      if (state->stopped) return;
      changed |= table.record(*index, now, found, *stats, log);
    }
    std::unique_lock lock(state->mutex);
    if (state->stopped) return;
    if (changed) on_change(table.answers());
    state->asked = true;
    state->changed.notify_all();
    const auto until = std::chrono::steady_clock::time_point(table.next_due().time_since_epoch());
    if (state->changed.wait_until(lock, until, [&] { return state->stopped; })) return;
  }
}

ExternalWatch::ExternalWatch(ExternalTable table, ExternalLookUp look_up, OnChange on_change,
                             std::shared_ptr<ExternalStats> stats, LogSink& log)
    : state_(std::make_shared<State>()) {
  std::thread([state = state_, table = std::move(table), look_up = std::move(look_up), on_change = std::move(on_change),
               stats = std::move(stats), &log] {
    State::run(state, table, look_up, on_change, stats, log);
  }).detach();
}

ExternalWatch::~ExternalWatch() {
  const std::scoped_lock lock(state_->mutex);
  state_->stopped = true;
  state_->changed.notify_all();
}

void ExternalWatch::wait_for_first(Duration at_most) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, at_most, [&] { return state_->asked; });
}

}  // namespace noom::turn
