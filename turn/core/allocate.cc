// Allocate, RFC 8656 §7.2, in its order, up to the relay's opening; the rest is relay_open.cc.
#include "turn/core/core.h"

namespace noom::turn {
namespace {

using wire::Attr;

constexpr uint8_t kReserveNextPort = 0x80;  // EVEN-PORT's R bit, §18.6

}  // namespace

void Core::allocate(Request& request) {
  const wire::MessageView& message = request.message;

  // Step 2: the five-tuple is in use: 437, unless this is the request that made the allocation (RFC 8489 §6.3.1: answer
  // a retransmission alike).
  if (const Found used = find(request.from.client); used.allocation != nullptr) {
    const Allocation& allocation = *used.allocation;
    const bool is_retransmission =
        allocation.transaction_id == request.from.transaction_id && allocation.username == request.from.username;
    if (!is_retransmission) return refuse(request, Reason::kAllocationExists);
    if (allocation.open) succeed_allocate(request.from, request.output, allocation);
    return;  // not open yet: the answer to the first copy is on its way
  }

  // Step 3: REQUESTED-TRANSPORT missing or malformed: 400; not UDP: 442.
  const auto transport = message.leading_u8(Attr::kRequestedTransport);
  if (!transport) return refuse(request, Reason::kMissingTransport);
  if (*transport != wire::kProtocolUdp) return refuse(request, Reason::kTransportUnsupported);

  // Step 4: DONT-FRAGMENT where it is not supported counts as unknown: 420.
  if (message.has(Attr::kDontFragment)) {
    static constexpr std::array kUnsupported = {static_cast<uint16_t>(Attr::kDontFragment)};
    return refuse(request, Reason::kDontFragment, {.unknown_attributes = kUnsupported});
  }

  // Steps 5 to 7 need RESERVATION-TOKEN or ADDITIONAL-ADDRESS-FAMILY; the first is refused as unknown, the second is
  // optional and ignored.

  // Step 8: the family, IPv4 unless asked otherwise, also over IPv6: 440 when there is no relay address of it.
  const auto family = requested_family(request);
  if (!family) return;

  // EVEN-PORT: malformed 400; reserving the next port too cannot be satisfied: 508.
  const auto even_port = message.u8(Attr::kEvenPort);
  if (!even_port && message.has(Attr::kEvenPort)) return refuse(request, Reason::kMalformedAttribute);
  if (even_port && (*even_port & kReserveNextPort) != 0) return refuse(request, Reason::kNoPortPair);
  if (!message.u32(Attr::kLifetime) && message.has(Attr::kLifetime))
    return refuse(request, Reason::kMalformedAttribute);

  begin_allocation(request, *family, even_port.has_value(), granted_lifetime_s(request));
}

std::optional<Family> Core::requested_family(const Request& request) {
  const auto asked = request.message.leading_u8(Attr::kRequestedAddressFamily);
  if (!asked && request.message.has(Attr::kRequestedAddressFamily)) {
    refuse(request, Reason::kMalformedAttribute);
    return std::nullopt;
  }
  const auto number = asked.value_or(static_cast<uint8_t>(Family::kV4));
  for (const PortPool& pool : pools_)
    if (static_cast<uint8_t>(pool.address().external.family()) == number) return pool.address().external.family();
  refuse(request, Reason::kFamilyUnavailable);
  return std::nullopt;
}

void Core::begin_allocation(Request& request, Family family, bool even_port, uint32_t lifetime_s) {
  Allocation fresh;
  fresh.client = request.from.client;
  fresh.transaction_id = request.from.transaction_id;
  fresh.fingerprint = request.from.fingerprint;
  fresh.integrity = request.from.integrity;
  fresh.granted_s = lifetime_s;
  fresh.key = request.key.clone();
  fresh.username = request.from.username;
  fresh.credentials_expire = request.credentials_expire;
  fresh.limits = request.limits;
  fresh.by_token = request.by_token;
  fresh.created = request.now.mono;
  fresh.expires = request.now.mono + std::chrono::seconds(lifetime_s);
  if (settings_->end_at_credential_expiry && fresh.credentials_expire != Wall::max())
    fresh.credential_deadline = request.now.mono + (fresh.credentials_expire - request.now.wall);

  // Step 9: the user's quota: 486; everybody's: 508.
  const uint32_t per_user_max = fresh.limits.allocations_max.value_or(settings_->allocations_per_user_max);
  switch (shared_->quota.acquire(fresh.quota_user(), per_user_max, settings_->allocations_max)) {
    case Quota::Verdict::kUserQuotaReached:
      return refuse(request, Reason::kUserQuota);
    case Quota::Verdict::kTotalReached:
      return refuse(request, Reason::kServerFull);
    case Quota::Verdict::kGranted:
      break;
  }

  // Another server: 300.
  if (send_elsewhere(request)) return shared_->quota.release(fresh.quota_user());

  // A relayed transport address: 508 when there is none.
  const RelayId relay = relays_.insert({.even_port = even_port});
  if (!choose_port(*relays_.find(relay), relay, family, request.from.client.server.address)) {
    relays_.erase(relay);
    shared_->quota.release(fresh.quota_user());
    return refuse(request, Reason::kNoFreePort);
  }
  fresh.relay = relay;
  const AllocationId id = allocations_.insert(std::move(fresh));
  relays_.find(relay)->owner = id;
  by_client_.emplace(request.from.client, id);
  reschedule(id, *allocations_.find(id));
  open_relay(relay, request.output);
}

}  // namespace noom::turn
