// What an operator takes back while clients are served: users, secrets, peers.
#include "turn/core/core.h"

namespace noom::turn {

// The limits that its user has now; nothing when the credentials are unknown. By its key: another password for the same
// name is another credential. Whether it has expired meanwhile is not asked here but by
// Settings::end_at_credential_expiry.
std::optional<auth::UserLimits> Core::limits_known_for(const Allocation& allocation) const {
  if (allocation.by_token)
    return settings_->token_keys != nullptr && settings_->token_keys->contains(allocation.username)
               ? std::optional(allocation.limits)
               : std::nullopt;
  const auto algorithm = allocation.key.bytes().size() == wire::key_size(wire::PasswordAlgorithm::kSha256)
                             ? wire::PasswordAlgorithm::kSha256
                             : wire::PasswordAlgorithm::kMd5;
  for (const auth::Account& account : settings_->credentials->accounts(
           allocation.username, settings_->realm_of(allocation.client), algorithm, Wall::min()))
    if (equal_constant_time(account.key.bytes(), allocation.key.bytes())) return account.limits;
  return std::nullopt;
}

// What an allocation was granted stays: lifetimes run on, limits of number concern the next one. Rates count from now
// on, and what is forbidden now ends now.
void Core::on_settings(Now now, std::shared_ptr<const Settings> settings, Output& output) {
  settings_ = std::move(settings);
  std::vector<AllocationId> unknown;
  std::vector<AllocationId> denied;
  allocations_.for_each([&](AllocationId id, Allocation& allocation) {
    if (!denial(allocation.client.client.address).empty()) return denied.push_back(id);
    const auto limits = limits_known_for(allocation);
    if (settings_->end_at_revocation && !limits) return unknown.push_back(id);
    if (limits) allocation.limits = *limits;
    set_rates(allocation, now);
    const Allocation::Removed removed = allocation.remove_denied(
        [&](const IpAddress& peer) { return !settings_->peer_policy->check(peer).allowed && !is_own_address(peer); });
    stats_.permissions_live.subtract(removed.permissions);
    stats_.channels_live.subtract(removed.channels);
    reschedule(id, allocation);
  });
  for (const AllocationId id : unknown) end_allocation(id, EndReason::kRevoked, now, output);
  for (const AllocationId id : denied) end_allocation(id, EndReason::kClientDenied, now, output);
  end_denied_connections(now, output);
}

// What was made with credentials minted after the order stays.
size_t Core::on_revoke(Now now, const Revocation& revocation, Output& output) {
  std::vector<AllocationId> found;
  allocations_.for_each([&](AllocationId id, Allocation& allocation) {
    if (!revocation.names(allocation.username, allocation.quota_user())) return;
    const bool is_limited = allocation.credentials_expire != Wall::max();
    if (is_limited && revocation.until && allocation.credentials_expire > *revocation.until) return;
    found.push_back(id);
  });
  if (revocation.until) {
    stats_.revocations_forgotten.add(revocations_.add(revocation.name, *revocation.until, now.wall));
    stats_.revocations_live.set(revocations_.size());
  }
  for (const AllocationId id : found) end_allocation(id, EndReason::kRevoked, now, output);
  return found.size();
}

bool Core::is_revoked(std::string_view username, Wall expires, Wall now) {
  const bool revoked = revocations_.contains(username.substr(username.find(':') + 1), expires, now);
  stats_.revocations_live.set(revocations_.size());
  return revoked;
}

}  // namespace noom::turn
