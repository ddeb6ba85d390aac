// Who may not come back to a room for a while. By identity where there is one, since sessions and addresses are cheap;
// otherwise by session and address.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"

namespace noom::signal {

constexpr size_t kBansMax = 256;  // of one room; one more puts an end to the ban that would have ended first

// Somebody as the list knows them.
struct Visitor {
  std::string identity;  // empty: nobody in particular
  std::string session;   // its tag
  std::string mark;      // stands for its network address; empty: not known
};

struct Ban {
  Visitor who;
  Mono until{};
};

// Of one room. O(kBansMax).
class BanList {
 public:
  void add(Mono now, Visitor who, Mono until);
  // Until when; nullopt when not banned. An identity that somebody vouched for is not answerable for its network.
  std::optional<Mono> until(Mono now, const Visitor& who) const;

  const std::vector<Ban>& bans() const { return bans_; }  // ended ones among them

 private:
  std::vector<Ban> bans_;
};

}  // namespace noom::signal
