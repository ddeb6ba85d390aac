// Allocate, RFC 8656 §7.2, in its order, up to the relay's opening; the rest is relay_open.cc.
#include <algorithm>

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

  // Step 3: REQUESTED-TRANSPORT missing or malformed: 400; neither UDP nor TCP: 442.
  const auto transport = message.leading_u8(Attr::kRequestedTransport);
  if (!transport) return refuse(request, Reason::kMissingTransport);
  const bool tcp = *transport == wire::kProtocolTcp && settings_->tcp_relays;
  if (!tcp && *transport != wire::kProtocolUdp) return refuse(request, Reason::kTransportUnsupported);

  // RFC 6062 §5.1: TCP over datagrams: 400; with an attribute that makes no sense there: 400.
  if (tcp && !is_stream(request.from.client.transport)) return refuse(request, Reason::kTcpOverDatagrams);
  if (tcp && (message.has(Attr::kDontFragment) || message.has(Attr::kEvenPort) || message.has(Attr::kReservationToken)))
    return refuse(request, Reason::kNotForTcp);

  // Step 4: DONT-FRAGMENT is supported, and asks for nothing here.

  if (!message.u32(Attr::kLifetime) && message.has(Attr::kLifetime))
    return refuse(request, Reason::kMalformedAttribute);

  // RFC 8016 §3.1.2: MOBILITY-TICKET that is not empty: 400; where mobility is forbidden: 405. The data connections of
  // a TCP allocation stay where they are, so it does not move.
  if (const auto ticket = message.find(Attr::kMobilityTicket)) {
    if (!ticket->value.empty()) return refuse(request, Reason::kMalformedAttribute);
    if (!settings_->mobility || tcp) return refuse(request, Reason::kMobilityForbidden);
  }

  // Step 5: RESERVATION-TOKEN beside an attribute that chooses otherwise: 400; not valid: 508.
  if (message.has(Attr::kReservationToken)) {
    if (message.has(Attr::kEvenPort) || message.has(Attr::kRequestedAddressFamily) ||
        message.has(Attr::kAdditionalAddressFamily))
      return refuse(request, Reason::kTokenWithOtherChoice);
    const auto token = message.u64(Attr::kReservationToken);
    if (!token) return refuse(request, Reason::kMalformedAttribute);
    return allocate_reserved(request, *token);
  }

  // Step 6: REQUESTED- beside ADDITIONAL-ADDRESS-FAMILY: 400.
  const bool both = message.has(Attr::kAdditionalAddressFamily);
  if (both && message.has(Attr::kRequestedAddressFamily)) return refuse(request, Reason::kTwoFamilyAttributes);

  // Step 7: the family, IPv4 unless asked otherwise, also over IPv6: 440 when there is no relay address of it.
  const auto family = both ? std::optional(Family::kV4) : requested_family(request);
  if (!family) return;

  // Step 8: EVEN-PORT malformed: 400; with R = 1 beside ADDITIONAL-ADDRESS-FAMILY: 400.
  const auto even_port = message.u8(Attr::kEvenPort);
  if (!even_port && message.has(Attr::kEvenPort)) return refuse(request, Reason::kMalformedAttribute);
  const bool reserving = even_port && (*even_port & kReserveNextPort) != 0;
  if (both && reserving) return refuse(request, Reason::kReserveForTwoFamilies);

  // ADDITIONAL-ADDRESS-FAMILY other than IPv6: 400.
  if (both && message.leading_u8(Attr::kAdditionalAddressFamily) != static_cast<uint8_t>(Family::kV6))
    return refuse(request, Reason::kAdditionalFamily);

  const std::span<const Family> families = both ? std::span<const Family>(kFamilies) : std::span(&*family, 1);
  begin_allocation(request, families, {.tcp = tcp, .even_port = even_port.has_value(), .reserving = reserving});
}

std::optional<Family> Core::requested_family(const Request& request) {
  const auto asked = request.message.leading_u8(Attr::kRequestedAddressFamily);
  if (!asked && request.message.has(Attr::kRequestedAddressFamily)) {
    refuse(request, Reason::kMalformedAttribute);
    return std::nullopt;
  }
  const Family unasked = settings_->family_when_unasked.value_or(request.from.client.client.address.family());
  const auto number = asked.value_or(static_cast<uint8_t>(unasked));
  for (const Family family : kFamilies)
    if (static_cast<uint8_t>(family) == number && has_pool(family, request.from.client)) return family;
  refuse(request, Reason::kFamilyUnavailable);
  return std::nullopt;
}

std::optional<Allocation> Core::new_allocation(Request& request) {
  const uint32_t lifetime_s = granted_lifetime_s(request);
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
  fresh.mobility.on = request.message.has(Attr::kMobilityTicket);
  fresh.created = request.now.mono;
  fresh.live_until(request.now.mono + std::chrono::seconds(lifetime_s));
  if (settings_->end_at_credential_expiry && fresh.credentials_expire != Wall::max())
    fresh.credential_deadline = request.now.mono + (fresh.credentials_expire - request.now.wall);

  // Step 9: the user's quota: 486; everybody's: 508.
  const uint32_t per_user_max = fresh.limits.allocations_max.value_or(settings_->allocations_per_user_max);
  switch (shared_->quota.acquire(fresh.quota_user(), per_user_max, settings_->allocations_max)) {
    case Quota::Verdict::kUserQuotaReached:
      refuse(request, Reason::kUserQuota, {.rule = fresh.limits.allocations_max ? "the user's allocations" : ""});
      return std::nullopt;
    case Quota::Verdict::kTotalReached:
      refuse(request, Reason::kServerFull);
      return std::nullopt;
    case Quota::Verdict::kGranted:
      break;
  }

  set_rates(fresh, request.now);

  // Another server: 300. A reserved port is here and nowhere else.
  if (!request.message.has(Attr::kReservationToken) && send_elsewhere(request)) {
    shared_->quota.release(fresh.quota_user());
    return std::nullopt;
  }
  return fresh;
}

bool Core::has_pool(Family family, const FiveTuple& client) const {
  return std::ranges::any_of(settings_->relays_of(client),
                             [=](const RelayAddress& relay) { return relay.local.family() == family; });
}

Reason Core::no_port_reason(Family family, const Request& request, const Relay& wish) const {
  const auto& relays = settings_->relays_of(request.from.client);
  if (!has_pool(family, request.from.client)) return Reason::kFamilyUnavailable;
  if (std::ranges::none_of(
          relays, [=](const RelayAddress& relay) { return relay.local.family() == family && relay.is_known(); }))
    return Reason::kExternalUnknown;
  return wish.reserving ? Reason::kNoPortPair : Reason::kNoFreePort;
}

// A relayed transport address of each family: 508 when there is none at all, else ADDRESS-ERROR-CODE for what is
// missing.
void Core::begin_allocation(Request& request, std::span<const Family> families, const Relay& wish) {
  auto fresh = new_allocation(request);
  if (!fresh) return;
  if (wish.reserving && reservations_.held_for(fresh->quota_user()) >= kReservationsPerUserMax) {
    shared_->quota.release(fresh->quota_user());
    return refuse(request, Reason::kReservationLimit);
  }
  fresh->tcp = wish.tcp;
  for (const Family family : families) {
    const RelayId id = relays_.insert(wish);
    if (choose_port(*relays_.find(id), id, family, request.from.client)) {
      fresh->relay(family).id = id;
      continue;
    }
    relays_.erase(id);
    fresh->unavailable[family == Family::kV6] = static_cast<uint16_t>(code_of(no_port_reason(family, request, wish)));
  }
  if (!fresh->has_any()) {
    shared_->quota.release(fresh->quota_user());
    return refuse(request, no_port_reason(families.front(), request, wish));
  }
  const AllocationId id = adopt(*std::move(fresh));
  for (const RelayOfFamily& relay : allocations_.find(id)->relays)
    if (relay.id.valid()) open_relay(relay.id, request.output);
}

AllocationId Core::adopt(Allocation fresh) {
  const AllocationId id = allocations_.insert(std::move(fresh));
  const Allocation& allocation = *allocations_.find(id);
  for (const RelayOfFamily& relay : allocation.relays)
    if (relay.id.valid()) relays_.find(relay.id)->owner = id;
  by_client_.emplace(allocation.client, id);
  reschedule(id, allocation);
  return id;
}

}  // namespace noom::turn
