#include "common/ops/log_redaction.h"

#include <gtest/gtest.h>

namespace noom::ops {
namespace {

TEST(LogRedactionTest, FullKeepsEverything) {
  EXPECT_EQ(redact(LogAddresses::kFull, "client", "203.0.113.7:50000"), "203.0.113.7:50000");
}

TEST(LogRedactionTest, NetworkKeepsWhereSomebodyIsAbout) {
  EXPECT_EQ(redact(LogAddresses::kNetwork, "client", "203.0.113.7:50000"), "203.0.113.0/24");
  EXPECT_EQ(redact(LogAddresses::kNetwork, "client", "203.0.113.7"), "203.0.113.0/24");
  EXPECT_EQ(redact(LogAddresses::kNetwork, "peer", "[2001:db8:1:2::3]:9"), "2001:db8:1::/48");
  EXPECT_EQ(redact(LogAddresses::kNetwork, "client", "::ffff:203.0.113.7"), "203.0.113.0/24");
}

TEST(LogRedactionTest, NoneKeepsTheFamily) {
  EXPECT_EQ(redact(LogAddresses::kNone, "client", "203.0.113.7:50000"), "ipv4");
  EXPECT_EQ(redact(LogAddresses::kNone, "source", "2001:db8::1"), "ipv6");
  EXPECT_EQ(redact(LogAddresses::kNone, "addresses", "203.0.113.7 2001:db8::1"), "ipv4 ipv6");
}

TEST(LogRedactionTest, OnlyAddressesAreTouched) {
  for (const char* value : {"", "p_abc", "alice", "10.0.0.0/8", "a 1.2.3 b", "1764000000:r_a.p_b"})
    EXPECT_EQ(redact(LogAddresses::kNone, "value", value), value);
}

TEST(LogRedactionTest, TheHostsOwnAddressesStay) {
  for (const char* key : {"local", "external", "relayed", "listener", "metrics", "server", "receiver"})
    EXPECT_EQ(redact(LogAddresses::kNone, key, "203.0.113.7:3478"), "203.0.113.7:3478") << key;
}

}  // namespace
}  // namespace noom::ops
