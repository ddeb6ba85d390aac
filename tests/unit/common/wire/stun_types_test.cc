// The constants against IANA's registries.
#include "common/wire/stun_types.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "tests/vectors/iana_stun.h"

namespace noom::wire {
namespace {

// What common/wire calls each registered name.
constexpr std::pair<Attr, std::string_view> kNamed[] = {
    {Attr::kMappedAddress, "MAPPED-ADDRESS"},
    {Attr::kChangeRequest, "CHANGE-REQUEST"},
    {Attr::kUsername, "USERNAME"},
    {Attr::kMessageIntegrity, "MESSAGE-INTEGRITY"},
    {Attr::kErrorCode, "ERROR-CODE"},
    {Attr::kUnknownAttributes, "UNKNOWN-ATTRIBUTES"},
    {Attr::kChannelNumber, "CHANNEL-NUMBER"},
    {Attr::kLifetime, "LIFETIME"},
    {Attr::kXorPeerAddress, "XOR-PEER-ADDRESS"},
    {Attr::kData, "DATA"},
    {Attr::kRealm, "REALM"},
    {Attr::kNonce, "NONCE"},
    {Attr::kXorRelayedAddress, "XOR-RELAYED-ADDRESS"},
    {Attr::kRequestedAddressFamily, "REQUESTED-ADDRESS-FAMILY"},
    {Attr::kEvenPort, "EVEN-PORT"},
    {Attr::kRequestedTransport, "REQUESTED-TRANSPORT"},
    {Attr::kDontFragment, "DONT-FRAGMENT"},
    {Attr::kAccessToken, "ACCESS-TOKEN"},
    {Attr::kMessageIntegritySha256, "MESSAGE-INTEGRITY-SHA256"},
    {Attr::kPasswordAlgorithm, "PASSWORD-ALGORITHM"},
    {Attr::kUserhash, "USERHASH"},
    {Attr::kXorMappedAddress, "XOR-MAPPED-ADDRESS"},
    {Attr::kReservationToken, "RESERVATION-TOKEN"},
    {Attr::kPriority, "PRIORITY"},
    {Attr::kUseCandidate, "USE-CANDIDATE"},
    {Attr::kPadding, "PADDING"},
    {Attr::kResponsePort, "RESPONSE-PORT"},
    {Attr::kConnectionId, "CONNECTION-ID"},
    {Attr::kAdditionalAddressFamily, "ADDITIONAL-ADDRESS-FAMILY"},
    {Attr::kAddressErrorCode, "ADDRESS-ERROR-CODE"},
    {Attr::kPasswordAlgorithms, "PASSWORD-ALGORITHMS"},
    {Attr::kAlternateDomain, "ALTERNATE-DOMAIN"},
    {Attr::kIcmp, "ICMP"},
    {Attr::kSoftware, "SOFTWARE"},
    {Attr::kAlternateServer, "ALTERNATE-SERVER"},
    {Attr::kCacheTimeout, "CACHE-TIMEOUT"},
    {Attr::kFingerprint, "FINGERPRINT"},
    {Attr::kIceControlled, "ICE-CONTROLLED"},
    {Attr::kIceControlling, "ICE-CONTROLLING"},
    {Attr::kResponseOrigin, "RESPONSE-ORIGIN"},
    {Attr::kOtherAddress, "OTHER-ADDRESS"},
    {Attr::kThirdPartyAuthorization, "THIRD-PARTY-AUTHORIZATION"},
    {Attr::kMobilityTicket, "MOBILITY-TICKET"},
};

constexpr Method kMethods[] = {
    Method::kBinding,        Method::kAllocate,          Method::kRefresh,     Method::kSend,
    Method::kData,           Method::kCreatePermission,  Method::kChannelBind, Method::kConnect,
    Method::kConnectionBind, Method::kConnectionAttempt,
};

constexpr ErrorCode kErrorCodes[] = {
    ErrorCode::kTryAlternate,
    ErrorCode::kBadRequest,
    ErrorCode::kUnauthenticated,
    ErrorCode::kForbidden,
    ErrorCode::kMobilityForbidden,
    ErrorCode::kUnknownAttribute,
    ErrorCode::kAllocationMismatch,
    ErrorCode::kStaleNonce,
    ErrorCode::kAddressFamilyNotSupported,
    ErrorCode::kWrongCredentials,
    ErrorCode::kUnsupportedTransport,
    ErrorCode::kPeerAddressFamilyMismatch,
    ErrorCode::kConnectionAlreadyExists,
    ErrorCode::kConnectionTimeout,
    ErrorCode::kAllocationQuotaReached,
    ErrorCode::kServerError,
    ErrorCode::kInsufficientCapacity,
};

// "CreatePermission" is create_permission in metrics and logs.
std::string metric_name(std::string_view registered) {
  std::string name;
  for (const char c : registered) {
    if (std::isupper(static_cast<unsigned char>(c)) && !name.empty()) name.push_back('_');
    name.push_back(static_cast<char>(std::tolower(c)));
  }
  return name;
}

TEST(IanaRegistries, AttributesHaveTheirNumbers) {
  ASSERT_EQ(std::size(kNamed), std::size(vectors::kIanaAttributes));
  for (const auto& [attribute, name] : kNamed) {
    const auto row = std::ranges::find(vectors::kIanaAttributes, name, &vectors::IanaRow::name);
    ASSERT_NE(row, std::end(vectors::kIanaAttributes)) << name;
    EXPECT_EQ(static_cast<uint16_t>(attribute), row->number) << name;
  }
}

TEST(IanaRegistries, MethodsHaveTheirNumbersAndNames) {
  ASSERT_EQ(std::size(kMethods), std::size(vectors::kIanaMethods));
  for (size_t i = 0; i < std::size(kMethods); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(kMethods[i]), vectors::kIanaMethods[i].number);
    EXPECT_EQ(to_string(kMethods[i]), metric_name(vectors::kIanaMethods[i].name));
  }
  EXPECT_EQ(to_string(static_cast<Method>(0x002)), "unknown");
  EXPECT_EQ(to_string(static_cast<Method>(0xFFF)), "unknown");
}

TEST(IanaRegistries, ErrorCodesHaveTheirNumbersAndReasons) {
  ASSERT_EQ(std::size(kErrorCodes), std::size(vectors::kIanaErrorCodes));
  for (size_t i = 0; i < std::size(kErrorCodes); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(kErrorCodes[i]), vectors::kIanaErrorCodes[i].number);
    EXPECT_EQ(default_reason(kErrorCodes[i]), vectors::kIanaErrorCodes[i].name);
  }
}

TEST(ComprehensionRequired, IsTheLowerHalf) {
  // RFC 8489 §14
  EXPECT_TRUE(comprehension_required(0x0000));
  EXPECT_TRUE(comprehension_required(0x7FFF));
  EXPECT_FALSE(comprehension_required(0x8000));
  EXPECT_FALSE(comprehension_required(0xFFFF));
}

}  // namespace
}  // namespace noom::wire
