// Which relays a session is given, by what noom-turn nodes have last said about themselves. Pure; knows no sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"

namespace noom::signal {

// What a noom-turn node publishes about itself.
struct RelayStatus {
  std::string node;
  std::vector<std::string> urls;  // turn: and turns:
  double load = 0;                // 0 idle to 1 full
  bool draining = false;
  bool healthy = true;
  uint64_t incarnation = 0;  // of its process
  uint64_t connects = 0;     // to the bus, of that process; 0: it does not say
};

// Names a node for as long as it is known; never 0, never given twice.
using RelayNode = uint32_t;

class IceRanking {
 public:
  static constexpr size_t kNodesMax = 64;
  static constexpr size_t kNodeBytesMax = 64;
  static constexpr size_t kUrlsMax = 8;
  static constexpr size_t kUrlBytesMax = 256;
  // How many nodes a session is given. Browsers gather from each of them: more costs set-up time and sockets.
  static constexpr size_t kPicked = 2;
  // Some statuses lost: they come each second.
  static constexpr Duration kStaleAfter = std::chrono::seconds(5);
  static constexpr Duration kForgottenAfter = std::chrono::minutes(10);

  struct Picked {
    RelayNode node = 0;
    const std::vector<std::string>* urls = nullptr;  // good until the next call that changes something
  };

  // A node that was usable and no longer is, so that whoever was given it should get others; nullopt: none. A status
  // with anything out of its bounds, or of one node more than kNodesMax, is passed over. O(n), as is expire.
  std::optional<RelayNode> update(Mono now, const RelayStatus& status);
  // Nodes whose last word is too old by now. Call when next_deadline() has passed.
  std::vector<RelayNode> expire(Mono now);
  std::optional<Mono> next_deadline() const { return next_; }

  bool has_usable() const;
  // The best for a session, best first: little load before much, equals in an order that differs from session to
  // session. What it has (`current`) is kept unless something is clearly better. Without usable nodes those that were
  // the last to be; empty when nobody has ever said anything. O(n log n).
  std::vector<Picked> pick(std::string_view session, const std::vector<RelayNode>& current) const;

 private:
  struct Node {
    RelayNode id = 0;
    std::vector<std::string> urls;
    uint8_t grade = 0;  // of load; see grade_of
    bool draining = false;
    bool healthy = true;
    bool stale = false;
    Mono heard{};

    bool usable() const { return healthy && !draining && !stale; }
  };

  void find_next();

  std::map<std::string, Node> nodes_;  // by name
  std::optional<Mono> next_;
  RelayNode last_id_ = 0;
};

}  // namespace noom::signal
