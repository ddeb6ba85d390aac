// Success and refusal of authenticated requests, RFC 8489 §6.3.1 and §9.2.4. Challenges are authenticate.cc's.
#include "turn/core/respond.h"

#include "common/wire/binding.h"

namespace noom::turn {
namespace {

using wire::Attr;
using wire::Class;

// What this server understands in requests.
constexpr std::array kUnderstood = {
    Attr::kMappedAddress,
    Attr::kUsername,
    Attr::kMessageIntegrity,
    Attr::kErrorCode,
    Attr::kChannelNumber,
    Attr::kLifetime,
    Attr::kUnknownAttributes,
    Attr::kXorPeerAddress,
    Attr::kData,
    Attr::kRealm,
    Attr::kNonce,
    Attr::kXorRelayedAddress,
    Attr::kEvenPort,
    Attr::kDontFragment,
    Attr::kRequestedAddressFamily,
    Attr::kRequestedTransport,
    Attr::kXorMappedAddress,
    Attr::kReservationToken,
    Attr::kMessageIntegritySha256,
    Attr::kPasswordAlgorithm,
    Attr::kAccessToken,
    Attr::kUserhash,
    Attr::kConnectionId,
};

// ADDRESS-ERROR-CODE, RFC 8656 §18.12: the family, then as ERROR-CODE.
void address_error(wire::MessageBuilder& builder, Family family, uint16_t code) {
  const std::string_view reason = wire::default_reason(static_cast<wire::ErrorCode>(code));
  std::string value = {static_cast<char>(family), 0, static_cast<char>(code / 100), static_cast<char>(code % 100)};
  builder.raw(Attr::kAddressErrorCode, as_bytes(value.append(reason)));
}

}  // namespace

size_t Core::deliver_response(const Requester& to, wire::MessageBuilder& builder, MutableBytes room, Output& output) {
  const Bytes bytes = builder.finish();
  if (bytes.empty()) std::abort();  // limits.h promises that every response fits
  output.arena.give_back(room.size() - bytes.size());
  output.to_clients.push_back({to.client, bytes, {}, to.shard});
  return bytes.size();
}

void Core::succeed(const Requester& to, Output& output) {
  stats_.requests.at(to.method, 0).add();
  respond(to, Class::kSuccess, output, [](wire::MessageBuilder&) {});
}

void Core::succeed(const Requester& to, Output& output, uint32_t lifetime_s) {
  stats_.requests.at(to.method, 0).add();
  respond(to, Class::kSuccess, output,
          [&](wire::MessageBuilder& builder) { builder.u32(Attr::kLifetime, lifetime_s); });
}

// RFC 8656 §7.2, last part: the addresses and the lifetime.
void Core::succeed_allocate(const Requester& to, Output& output, const Allocation& allocation) {
  stats_.requests.at(to.method, 0).add();
  respond(to, Class::kSuccess, output, [&](wire::MessageBuilder& builder) {
    for (const Family family : kFamilies) {
      if (allocation.has(family))
        builder.xor_address(Attr::kXorRelayedAddress, relayed(relay_of(allocation, family)));
      else if (const uint16_t code = allocation.unavailable[family == Family::kV6]; code != 0)
        address_error(builder, family, code);
    }
    builder.u32(Attr::kLifetime, allocation.granted_s);
    if (allocation.reservation_token != 0) builder.u64(Attr::kReservationToken, allocation.reservation_token);
    builder.xor_address(Attr::kXorMappedAddress, allocation.client.client);
    if (allocation.mobility.on) builder.raw(Attr::kMobilityTicket, ticket_of(id_of(allocation)));
  });
}

void Core::count_refusal(const Requester& to, Output& output, Reason reason, const RefusalDetail& detail) {
  stats_.refusals[reason].add();
  stats_.requests.at(to.method, static_cast<uint16_t>(code_of(reason))).add();
  if (reason == Reason::kNoIntegrity) return;
  output.events.push_back(Refused{.method = to.method,
                                  .reason = reason,
                                  .client = to.client,
                                  .username = std::string(to.username.substr(0, kUsernameBytesMax)),
                                  .peer = detail.peer,
                                  .rule = detail.rule.empty() ? rule_of(reason) : detail.rule});
}

void Core::refuse(const Requester& to, Output& output, Reason reason, const RefusalDetail& detail) {
  count_refusal(to, output, reason, detail);
  respond(to, Class::kError, output, [&](wire::MessageBuilder& builder) {
    builder.error(code_of(reason), wire::default_reason(code_of(reason)));
    if (!detail.unknown_attributes.empty()) builder.unknown_attributes(detail.unknown_attributes);
    if (detail.alternate == nullptr) return;
    builder.plain_address(Attr::kAlternateServer, *detail.alternate);
    const std::string& domain = settings_->alternates.domain;
    if (!domain.empty()) builder.text(Attr::kAlternateDomain, domain);
  });
}

bool Core::refuse_unknown_attributes(const Request& request) {
  std::array<uint16_t, wire::kUnknownAttributesMax> room;
  const auto unknown = wire::collect_unknown(request.message, kUnderstood, room);
  if (unknown.empty()) return false;
  refuse(request, Reason::kUnknownAttribute, {.unknown_attributes = unknown});
  return true;
}

}  // namespace noom::turn
