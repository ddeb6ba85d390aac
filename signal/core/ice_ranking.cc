#include "signal/core/ice_ranking.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace noom::signal {
namespace {

// A node is of the grade that its load has reached, and of the lower one again when the load is well below that: load
// near a bound does not change the order at every status.
constexpr std::array<double, 3> kGradeFrom = {0.5, 0.75, 0.9};
constexpr double kGradeSlack = 0.1;

uint8_t grade_of(double load, uint8_t before) {
  uint8_t grade = 0;
  for (const double from : kGradeFrom) {
    if (load >= from - (grade < before ? kGradeSlack : 0)) ++grade;
  }
  return grade;
}

bool is_relay_url(const std::string& url) {
  const bool is_printable = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return url.size() <= IceRanking::kUrlBytesMax && is_printable &&
         (url.starts_with("turn:") || url.starts_with("turns:"));
}

bool is_in_bounds(const RelayStatus& status) {
  return !status.node.empty() && status.node.size() <= IceRanking::kNodeBytesMax && !status.urls.empty() &&
         status.urls.size() <= IceRanking::kUrlsMax && status.load >= 0 &&
         std::all_of(status.urls.begin(), status.urls.end(), is_relay_url);
}

// FNV-1a over both, then a mix, so that each session has an order of its own (rendezvous hashing).
uint64_t weight_of(std::string_view session, std::string_view node) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view text : {session, std::string_view("\0", 1), node}) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  return hash ^ (hash >> 33);
}

}  // namespace

std::optional<RelayNode> IceRanking::update(Mono now, const RelayStatus& status) {
  if (!is_in_bounds(status)) return std::nullopt;
  if (nodes_.size() >= kNodesMax && !nodes_.contains(status.node)) return std::nullopt;
  Node& node = nodes_[status.node];
  if (node.id == 0) node.id = ++last_id_;
  const bool was_usable = !node.urls.empty() && node.usable();
  node.urls = status.urls;
  node.grade = grade_of(status.load, node.grade);
  node.draining = status.draining;
  node.healthy = status.healthy;
  node.stale = false;
  node.heard = now;
  find_next();
  return was_usable && !node.usable() ? std::optional(node.id) : std::nullopt;
}

std::vector<RelayNode> IceRanking::expire(Mono now) {
  std::vector<RelayNode> lost;
  for (auto& [name, node] : nodes_) {
    if (node.stale || now < node.heard + kStaleAfter) continue;
    if (node.usable()) lost.push_back(node.id);
    node.stale = true;
  }
  std::erase_if(nodes_, [now](const auto& entry) { return now >= entry.second.heard + kForgottenAfter; });
  find_next();
  return lost;
}

void IceRanking::find_next() {
  next_.reset();
  for (const auto& [name, node] : nodes_) {
    const Mono deadline = node.heard + (node.stale ? kForgottenAfter : kStaleAfter);
    next_ = next_ ? std::min(*next_, deadline) : deadline;
  }
}

bool IceRanking::has_usable() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& entry) { return entry.second.usable(); });
}

std::vector<IceRanking::Picked> IceRanking::pick(std::string_view session,
                                                 const std::vector<RelayNode>& current) const {
  struct Candidate {
    int rank;  // 0 to 3 and, of what the session has not, one grade more
    uint64_t weight;
    const Node* node;
  };
  std::vector<Candidate> candidates;
  const bool only_usable = has_usable();
  for (const auto& [name, node] : nodes_) {
    if (only_usable && !node.usable()) continue;
    const bool has_it = std::find(current.begin(), current.end(), node.id) != current.end();
    // A node that is merely silent may be well: it is the last resort's first.
    const int unfit = 100 * ((node.draining ? 1 : 0) + (node.healthy ? 0 : 2));
    candidates.push_back({unfit + node.grade + (has_it ? 0 : 1), weight_of(session, name), &node});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(a.rank, a.weight, a.node->id) < std::tuple(b.rank, b.weight, b.node->id);
  });
  candidates.resize(std::min(candidates.size(), kPicked));
  std::vector<Picked> picked;
  for (const Candidate& candidate : candidates) picked.push_back({candidate.node->id, &candidate.node->urls});
  return picked;
}

}  // namespace noom::signal
