#include "common/auth/client_policy.h"

#include <absl/strings/str_cat.h>

namespace noom::auth {
namespace {

constexpr std::string_view kNotListed = "default: not in the allow list";

std::vector<PrefixRule> rules_of(const std::vector<IpPrefix>& allow, const std::vector<IpPrefix>& deny) {
  std::vector<PrefixRule> rules;
  for (const IpPrefix& prefix : deny)
    rules.push_back({prefix.unmapped(), false, absl::StrCat("deny ", prefix.to_string())});
  for (const IpPrefix& prefix : allow)
    rules.push_back({prefix.unmapped(), true, absl::StrCat("allow ", prefix.to_string())});
  return rules;
}

}  // namespace

ClientPolicy::ClientPolicy(const std::vector<IpPrefix>& allow, const std::vector<IpPrefix>& deny)
    : rules_(rules_of(allow, deny)), only_listed_(!allow.empty()) {}

std::string_view ClientPolicy::denial(const IpAddress& client) const {
  const PrefixRule* const rule = rules_.find(client.unmapped());
  if (rule == nullptr) return only_listed_ ? kNotListed : std::string_view();
  return rule->allow ? std::string_view() : rule->name;
}

}  // namespace noom::auth
