#include "signal/core/ban_list.h"

#include <algorithm>

namespace noom::signal {

void BanList::add(Mono now, Visitor who, Mono until) {
  std::erase_if(bans_, [&](const Ban& ban) { return ban.until <= now; });
  if (bans_.size() >= kBansMax) {
    bans_.erase(
        std::min_element(bans_.begin(), bans_.end(), [](const Ban& a, const Ban& b) { return a.until < b.until; }));
  }
  bans_.push_back({std::move(who), until});
}

std::optional<Mono> BanList::until(Mono now, const Visitor& who) const {
  std::optional<Mono> until;
  for (const Ban& ban : bans_) {
    const bool is_meant = ban.who.identity.empty()
                              ? ban.who.session == who.session ||
                                    (who.identity.empty() && !ban.who.mark.empty() && ban.who.mark == who.mark)
                              : ban.who.identity == who.identity;
    if (is_meant && ban.until > now) until = std::max(until.value_or(ban.until), ban.until);
  }
  return until;
}

}  // namespace noom::signal
