// RFC 8016 §3.3, Appendix A.
#include "common/auth/mobility_ticket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace noom::auth {
namespace {

const Secret kSecret("thirty-two bytes nobody can guess");
constexpr MobilityTicket kTicket{.instance = 7, .shard = 3, .index = 70'000, .generation = 2, .number = 1};

TEST(MobilityTicket, SaysToItsServerWhatWasSealed) {
  // RFC 8016 §3.1.2: the server finds the allocation by the ticket alone.
  const TicketKeys keys(kSecret);
  EXPECT_EQ(keys.open(keys.seal(kTicket)), kTicket);
  EXPECT_EQ(keys.seal(kTicket), TicketKeys(kSecret).seal(kTicket));
  constexpr MobilityTicket kLargest{UINT32_MAX, UINT8_MAX, UINT32_MAX, UINT32_MAX, UINT16_MAX};
  EXPECT_EQ(keys.open(keys.seal(kLargest)), kLargest);
}

TEST(MobilityTicket, WithAnyBitChangedOrByteMissingIsRefused) {
  // RFC 8016 §5: tickets are authenticated and encrypted.
  const TicketKeys keys(kSecret);
  const SealedTicket sealed = keys.seal(kTicket);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    SealedTicket altered = sealed;
    altered[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(keys.open(altered)) << bit;
  }
  for (size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(keys.open(Bytes(sealed).first(size))) << size;
  std::vector<std::byte> longer(sealed.begin(), sealed.end());
  longer.push_back(std::byte{1});
  EXPECT_FALSE(keys.open(longer));
}

TEST(MobilityTicket, OpensUnderItsOwnKeyOnly) {
  // RFC 8016 §5: by a key that only the server has.
  const TicketKeys keys(kSecret);
  EXPECT_FALSE(TicketKeys(Secret("thirty-two other bytes to guess..")).open(keys.seal(kTicket)));
  EXPECT_FALSE(TicketKeys().open(keys.seal(kTicket)));
}

TEST(MobilityTicket, KeysRotate) {
  // RFC 8016 Appendix A: several keys at a time; the first seals, all open, and one that is gone opens nothing.
  const Secret next("thirty-three bytes nobody can guess");
  TicketKeys both(next);
  both.add(kSecret);
  EXPECT_EQ(both.open(TicketKeys(kSecret).seal(kTicket)), kTicket);
  EXPECT_EQ(both.seal(kTicket), TicketKeys(next).seal(kTicket));
  EXPECT_FALSE(TicketKeys(next).open(TicketKeys(kSecret).seal(kTicket)));
}

TEST(MobilityTicket, FitsIntoCoturnsClient) {
  // RFC 8016 §3.3: of variable length and opaque; coturn's client keeps a C string of at most 32 bytes.
  const TicketKeys keys(kSecret);
  std::set<SealedTicket> all;
  for (uint16_t number = 0; number < 2000; ++number) {
    MobilityTicket ticket = kTicket;
    ticket.number = number;
    const SealedTicket sealed = keys.seal(ticket);
    EXPECT_EQ(std::ranges::count(sealed, std::byte{0}), 0);
    EXPECT_EQ(keys.open(sealed), ticket);
    all.insert(sealed);
  }
  EXPECT_EQ(all.size(), 2000u);
}

}  // namespace
}  // namespace noom::auth
