// The one layout that all address attributes share: MAPPED-ADDRESS and its kin (RFC 8489 §14.1), and the same with port
// and address XORed with the magic cookie and the transaction id (§14.2). Private to common/wire.
#pragma once

#include <array>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/wire/stun_types.h"

namespace noom::wire {

// What port and address are XORed with: cookie, then transaction id; zeros for the plain form.
using AddressMask = std::array<std::byte, sizeof(kMagicCookie) + kTransactionIdSize>;
AddressMask xor_mask(const TransactionId& transaction_id);

constexpr size_t kAddressValueSizeMax = 20;
using AddressValue = std::array<std::byte, kAddressValueSizeMax>;

// nullopt on an unknown family or a length that is not the family's.
std::optional<IpEndpoint> decode_address(Bytes value, const AddressMask& mask);
// Writes the attribute's value and returns the part of `room` it fills.
Bytes encode_address(AddressValue& room, const IpEndpoint& endpoint, const AddressMask& mask);

}  // namespace noom::wire
