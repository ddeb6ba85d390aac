#include "common/auth/user_entry.h"

#include <gtest/gtest.h>

#include "tests/vectors/hex.h"

namespace noom::auth {
namespace {

using vectors::to_hex;

const std::string kMd5Hex = "8493fbc53ba582fb4c044c456bdc40eb";
const std::string kSha256Hex = "07e934117abd40836e7c6329b54731b2b2d2a5f9a71f544922d75e0730d8251b";

UserEntry good(std::string_view text) {
  auto parsed = parse_user_entry(text);
  EXPECT_TRUE(parsed.entry) << parsed.problem;
  return parsed.entry ? *std::move(parsed.entry) : UserEntry();
}

TEST(UserEntry, IsANameAndAPasswordWhichMayHoldColonsAndBlanks) {
  const UserEntry entry = good("alice: pass:word ");
  EXPECT_EQ(entry.name, "alice");
  EXPECT_EQ(entry.user.password.reveal(), " pass:word ");
  EXPECT_EQ(entry.user.limits.allocations_max, std::nullopt);
  EXPECT_EQ(entry.user.limits.bits_per_second, std::nullopt);
}

TEST(UserEntry, HasLimitsBehindTabs) {
  const UserEntry entry =
      good("alice:apple\tallocations=10\tbits_per_second=5000000000\tpackets_per_second=7\tnew_peers_per_second=0");
  EXPECT_EQ(entry.user.password.reveal(), "apple");
  EXPECT_EQ(entry.user.limits.allocations_max, 10u);
  EXPECT_EQ(entry.user.limits.bits_per_second, 5'000'000'000u);
  EXPECT_EQ(entry.user.limits.packets_per_second, 7u);
  EXPECT_EQ(entry.user.limits.new_peers_per_second, 0u);
}

TEST(UserEntry, MayHoldKeysInPlaceOfAPassword) {
  const UserEntry entry = good("alice:\tmd5=" + kMd5Hex + "\tsha256=" + kSha256Hex);
  EXPECT_TRUE(entry.user.password.empty());
  EXPECT_EQ(to_hex(entry.user.md5_key.bytes()), kMd5Hex);
  EXPECT_EQ(to_hex(entry.user.sha256_key.bytes()), kSha256Hex);
}

TEST(UserEntry, IsPreparedAsItsClientsPrepareIt) {
  // RFC 8489 §9.2.2: name and password go through OpaqueString before a key is made.
  const UserEntry entry = good("ame\u0301lie:a\u00a0b");
  EXPECT_EQ(entry.name, "am\u00e9lie");
  EXPECT_EQ(entry.user.password.reveal(), "a b");
}

TEST(UserEntry, SaysWhatIsWrongWithoutRepeatingIt) {
  for (const std::string& text :
       {std::string("alice"), std::string(":apple"), std::string("alice:"), std::string("al\tice:apple"),
        std::string("alice:ap\x01ple"), std::string("alice:\xff"), "alice:apple\tmd5=" + kMd5Hex,
        "alice:\tmd5=" + kSha256Hex, "alice:\tsha256=" + kMd5Hex, "alice:\tmd5=" + std::string(32, 'g'),
        std::string("alice:\tallocations=1"), std::string("alice:apple\tallocations="),
        std::string("alice:apple\tallocations=-1"), std::string("alice:apple\tallocations=4294967296"),
        std::string("alice:apple\tbits_per_second=1M"), std::string("alice:apple\tcolour=red"),
        std::string("alice:apple\t"), std::string("alice:apple allocations=1"), "alice:md5=" + kMd5Hex}) {
    const auto parsed = parse_user_entry(text);
    EXPECT_FALSE(parsed.entry) << text;
    EXPECT_FALSE(parsed.problem.empty()) << text;
    EXPECT_EQ(parsed.problem.find("apple"), std::string_view::npos) << text;
  }
}

}  // namespace
}  // namespace noom::auth
