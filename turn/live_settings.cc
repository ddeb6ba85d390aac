#include "turn/live_settings.h"

#include <algorithm>

namespace noom::turn {

LiveSettings::LiveSettings(ExternalLookUp look_up, Host host, LogSink& log)
    : look_up_(std::move(look_up)), host_(std::move(host)), log_(log) {}

void LiveSettings::change(std::shared_ptr<const Settings> prepared, std::vector<ExternalUse> uses, Duration refresh,
                          Duration at_most) {
  std::vector<ExternalQuestion> questions;
  for (const ExternalUse& use : uses)
    if (std::ranges::find(questions, use.question) == questions.end()) questions.push_back(use.question);
  std::shared_ptr<ExternalWatch> former;  // ends without the lock, which its thread may wait for
  std::shared_ptr<ExternalWatch> watch;
  {
    const std::scoped_lock lock(mutex_);
    former = std::move(watch_);
    prepared_ = std::move(prepared);
    uses_ = std::move(uses);
    std::erase_if(answers_, [&](const ExternalAnswer& answer) {
      return std::ranges::find(questions, answer.question) == questions.end();
    });
    if (!questions.empty())
      watch = watch_ = std::make_shared<ExternalWatch>(
          ExternalTable(questions, answers_, refresh), look_up_,
          [this](const std::vector<ExternalAnswer>& answers) { take(answers); }, stats_, log_);
    rebuild();
  }
  if (watch != nullptr) watch->wait_for_first(at_most);
}

void LiveSettings::follow(Apply apply) {
  const std::scoped_lock lock(mutex_);
  apply_ = std::move(apply);
  apply_(current_);
}

void LiveSettings::take(const std::vector<ExternalAnswer>& answers) {
  const std::scoped_lock lock(mutex_);
  for (const ExternalAnswer& answer : answers) {
    const auto same = std::ranges::find(answers_, answer.question, &ExternalAnswer::question);
    if (same == answers_.end())
      answers_.push_back(answer);
    else
      same->address = answer.address;
  }
  rebuild();
}

void LiveSettings::rebuild() {
  current_ = with_answers(*prepared_, uses_, answers_, current_.get(), host_());
  if (apply_) apply_(current_);
}

std::shared_ptr<const Settings> LiveSettings::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

bool LiveSettings::is_complete() const {
  const auto settings = current();
  const auto all_known = [](const std::vector<RelayAddress>& relays) {
    return std::ranges::all_of(relays, &RelayAddress::is_known);
  };
  return all_known(settings->relay_addresses) && std::ranges::all_of(settings->listener_relays, all_known);
}

}  // namespace noom::turn
