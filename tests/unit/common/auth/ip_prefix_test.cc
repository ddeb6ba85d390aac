// Tables of CIDR blocks against the slow and obviously right way: try them all.
#include "common/auth/ip_prefix.h"

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace noom::auth {
namespace {

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}
IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(IpPrefix, EndsAtItsHighestAddress) {
  EXPECT_EQ(prefix("10.0.0.0/8").last(), address("10.255.255.255"));
  EXPECT_EQ(prefix("0.0.0.0/0").last(), address("255.255.255.255"));
  EXPECT_EQ(prefix("192.0.2.4/31").last(), address("192.0.2.5"));
  EXPECT_EQ(prefix("2001:db8::1").last(), address("2001:db8::1"));
}

TEST(IpPrefix, AV4MappedBlockIsTheV4Block) {
  EXPECT_EQ(prefix("::ffff:10.0.0.0/104").unmapped(), prefix("10.0.0.0/8"));
  EXPECT_EQ(prefix("2001:db8::/32").unmapped(), prefix("2001:db8::/32"));
}

TEST(PrefixTable, AnEmptyOneNamesNobody) {
  const PrefixTable table({});
  EXPECT_EQ(table.find(address("192.0.2.1")), nullptr);
  EXPECT_EQ(table.find(address("2001:db8::1")), nullptr);
}

TEST(PrefixTable, TheWholeRangeHasNothingBehindIt) {
  const PrefixTable table({{prefix("0.0.0.0/0"), true, "all"}, {prefix("255.255.255.255"), false, "last"}});
  EXPECT_EQ(table.find(address("0.0.0.0"))->name, "all");
  EXPECT_EQ(table.find(address("255.255.255.254"))->name, "all");
  EXPECT_EQ(table.find(address("255.255.255.255"))->name, "last");
  EXPECT_EQ(table.find(address("::")), nullptr);
}

TEST(PrefixTable, OfEqualBlocksTheFirstGivenDecides) {
  const PrefixTable table({{prefix("10.0.0.0/8"), false, "deny"}, {prefix("10.0.0.0/8"), true, "allow"}});
  EXPECT_EQ(table.find(address("10.1.2.3"))->name, "deny");
}

// The longest match, by trying every rule.
const PrefixRule* slow_find(const std::vector<PrefixRule>& rules, const IpAddress& candidate) {
  const PrefixRule* best = nullptr;
  for (const PrefixRule& rule : rules)
    if (rule.prefix.contains(candidate) && (best == nullptr || rule.prefix.length > best->prefix.length)) best = &rule;
  return best;
}

TEST(PrefixTable, AgreesWithTryingEveryRule) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    // Few distinct bits, so that blocks nest and repeat.
    const auto draw = [&] {
      return IpAddress::v4(static_cast<uint8_t>(random.below(2) * 255), static_cast<uint8_t>(random.below(4) * 85), 0,
                           static_cast<uint8_t>(random.below(3)));
    };
    std::vector<PrefixRule> rules;
    for (uint32_t i = random.below(12); i-- > 0;) {
      const auto length = static_cast<uint8_t>(random.below(33));
      IpPrefix block{draw(), 32};
      while (block.length > length) {  // clears the host bits
        --block.length;
        std::array<std::byte, 4> bytes;
        std::ranges::copy(block.address.bytes(), bytes.begin());
        bytes[block.length / 8] &= ~static_cast<std::byte>(0x80 >> block.length % 8);
        block.address = IpAddress::v4(bytes);
      }
      rules.push_back({block, false, std::to_string(i)});
    }
    const PrefixTable table(rules);
    for (int i = 0; i < 100; ++i) {
      const IpAddress candidate = draw();
      const PrefixRule* const expected = slow_find(rules, candidate);
      const PrefixRule* const found = table.find(candidate);
      ASSERT_EQ(found == nullptr, expected == nullptr) << "seed " << seed << " " << candidate.to_string();
      if (found != nullptr) {
        ASSERT_EQ(found->name, expected->name) << "seed " << seed << " " << candidate.to_string();
      }
    }
  }
}

}  // namespace
}  // namespace noom::auth
