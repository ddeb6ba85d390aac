#include "common/auth/peer_policy.h"

#include <gtest/gtest.h>

namespace noom::auth {
namespace {

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}
std::vector<IpPrefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<IpPrefix> parsed;
  for (const std::string_view text : texts) parsed.push_back(*IpPrefix::parse(text));
  return parsed;
}
std::string explain(const PeerPolicy& policy, std::string_view peer) {
  const PeerVerdict verdict = policy.check(ip(peer));
  return (verdict.allowed ? "allowed by " : "denied by ") + std::string(verdict.rule);
}

TEST(IpPrefix, ParsesAndPrintsBothFamilies) {
  for (const char* text :
       {"192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "10.128.0.0/9", "2001:db8::/32", "::/0", "::1/128", "fe80::/10"})
    EXPECT_EQ(IpPrefix::parse(text)->to_string(), text);
  EXPECT_EQ(IpPrefix::parse("192.0.2.1")->to_string(), "192.0.2.1/32");
  EXPECT_EQ(IpPrefix::parse("2001:db8::1")->to_string(), "2001:db8::1/128");
}

TEST(IpPrefix, RefusesAnythingElse) {
  for (const char* text :
       {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/ 8", "192.0.2.0/8x",
        "192.0.2.0/256", "192.0.2.0/24/24", "192.0.2/24", "192.0.2.0/255.255.255.0", "2001:db8::/129", "example.org/8"})
    EXPECT_EQ(IpPrefix::parse(text), std::nullopt) << text;
}

TEST(IpPrefix, RefusesHostBits) {
  for (const char* text : {"192.0.2.1/24", "10.0.0.0/4", "10.64.0.0/9", "2001:db8::1/32", "fe80::/8"})
    EXPECT_EQ(IpPrefix::parse(text), std::nullopt) << text;
}

TEST(IpPrefix, ContainsItsBlockAndNothingElse) {
  const IpPrefix block = *IpPrefix::parse("172.16.0.0/12");
  EXPECT_TRUE(block.contains(ip("172.16.0.0")));
  EXPECT_TRUE(block.contains(ip("172.31.255.255")));
  EXPECT_FALSE(block.contains(ip("172.15.255.255")));
  EXPECT_FALSE(block.contains(ip("172.32.0.0")));
  EXPECT_FALSE(block.contains(ip("::ffff:172.16.0.1")));
  EXPECT_TRUE(IpPrefix::parse("::/0")->contains(ip("ffff::1")));
  EXPECT_FALSE(IpPrefix::parse("0.0.0.0/0")->contains(ip("::")));
}

TEST(CanonicalPeer, IsTheAddressThatTheHostWouldReach) {
  // RFC 4291 §2.5.5, RFC 6052 §2.1
  EXPECT_EQ(canonical_peer(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
  EXPECT_EQ(canonical_peer(ip("64:ff9b::10.0.0.1")), ip("10.0.0.1"));
  EXPECT_EQ(canonical_peer(ip("::10.0.0.1")), ip("10.0.0.1"));
  for (const char* same : {"10.0.0.1", "::", "::1", "64:ff9b:1::10.0.0.1", "64:ff9b::1:a00:1", "2001:db8::1"})
    EXPECT_EQ(canonical_peer(ip(same)), ip(same)) << same;
}

TEST(PeerPolicy, DeniesWhatIsNotPublicUnicast) {
  const PeerPolicy policy({}, {}, {});
  const std::pair<const char*, const char*> cases[] = {
      {"0.0.0.0", "unspecified"},
      {"0.1.2.3", "unspecified"},
      {"10.255.0.1", "private"},
      {"100.64.0.1", "private"},
      {"100.127.255.255", "private"},
      {"127.0.0.1", "loopback"},
      {"127.255.255.254", "loopback"},
      {"169.254.1.1", "link-local"},
      {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},
      {"192.0.0.8", "protocol assignment"},
      {"192.88.99.1", "6to4"},
      {"192.168.1.1", "private"},
      {"198.18.0.1", "benchmark"},
      {"198.19.255.255", "benchmark"},
      {"224.0.0.1", "multicast"},
      {"239.255.255.255", "multicast"},
      {"240.0.0.1", "reserved"},
      {"255.255.255.255", "broadcast"},
      {"169.254.169.254", "metadata"},
      {"169.254.170.2", "metadata"},
      {"168.63.129.16", "metadata"},
      {"100.100.100.200", "metadata"},
      {"192.0.0.192", "metadata"},
      {"fd00:ec2::254", "metadata"},
      {"fd20:ce::254", "metadata"},
      {"::", "unspecified"},
      {"::1", "loopback"},
      {"fe80::1", "link-local"},
      {"febf::1", "link-local"},
      {"fec0::1", "private"},
      {"fc00::1", "private"},
      {"fdff::1", "private"},
      {"ff02::1", "multicast"},
      {"2001::1", "teredo"},
      {"2001:0:ffff::1", "teredo"},
      {"2001:2::1", "benchmark"},
      {"2001:1ff::1", "protocol assignment"},
      {"2002:a00:1::", "6to4"},
      {"64:ff9b:1::1", "local NAT64"},
      {"100::1", "discard"},
      {"::ffff:0:10.0.0.1", "v4-translated"},
      {"5f00::1", "segment routing"},
  };
  for (const auto& [peer, name] : cases)
    EXPECT_EQ(explain(policy, peer), std::string("denied by default: ") + name) << peer;
}

TEST(PeerPolicy, SeesThroughEveryNotationOfAnIpv4Address) {
  const PeerPolicy policy({}, {}, {ip("198.51.100.1")});
  const std::pair<const char*, const char*> cases[] = {
      {"0.0.0.1", "unspecified"},      {"10.0.0.1", "private"},         {"127.0.0.1", "loopback"},
      {"192.168.0.1", "private"},      {"169.254.169.254", "metadata"}, {"255.255.255.255", "broadcast"},
      {"198.51.100.1", "own address"},
  };
  for (const auto& [peer, name] : cases)
    for (const char* notation : {"", "::ffff:", "64:ff9b::"})
      EXPECT_EQ(explain(policy, std::string(notation) + peer), std::string("denied by default: ") + name)
          << notation << peer;
  EXPECT_EQ(explain(policy, "::127.0.0.1"), "denied by default: loopback");
  EXPECT_EQ(explain(policy, "::ffff:7f00:1"), "denied by default: loopback");
  EXPECT_EQ(explain(policy, "::198.51.100.1"), "denied by default: own address");
  EXPECT_EQ(explain(policy, "::0.0.0.2"), "denied by default: unspecified");
}

TEST(PeerPolicy, AllowsPublicUnicast) {
  const PeerPolicy policy({}, {}, {});
  for (const char* peer : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
                           "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255", "203.0.113.1",
                           "2001:200::1", "2003::1", "2600::1", "2001:db8::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"})
    EXPECT_EQ(explain(policy, peer), "allowed by default: public") << peer;
}

TEST(PeerPolicy, DeniesTheHostsOwnAddresses) {
  const PeerPolicy policy({}, {}, {ip("198.51.100.1"), ip("2001:db8::5"), ip("::ffff:198.51.100.2")});
  EXPECT_EQ(explain(policy, "198.51.100.1"), "denied by default: own address");
  EXPECT_EQ(explain(policy, "198.51.100.2"), "denied by default: own address");
  EXPECT_EQ(explain(policy, "2001:db8::5"), "denied by default: own address");
  EXPECT_EQ(explain(policy, "198.51.100.3"), "allowed by default: public");
}

TEST(PeerPolicy, AnAllowOpensADefaultDeniedBlockOrAPartOfIt) {
  EXPECT_EQ(explain(PeerPolicy(prefixes({"10.0.0.0/8"}), {}, {}), "10.1.2.3"), "allowed by allow 10.0.0.0/8");
  const PeerPolicy part(prefixes({"10.1.0.0/16"}), {}, {});
  EXPECT_EQ(explain(part, "10.1.2.3"), "allowed by allow 10.1.0.0/16");
  EXPECT_EQ(explain(part, "10.2.2.3"), "denied by default: private");
  EXPECT_EQ(explain(part, "64:ff9b::10.1.2.3"), "allowed by allow 10.1.0.0/16");
}

TEST(PeerPolicy, AWideAllowOpensNoDefaultDeniedBlock) {
  const PeerPolicy policy(prefixes({"0.0.0.0/0", "::/0"}), {}, {});
  EXPECT_EQ(explain(policy, "169.254.169.254"), "denied by default: metadata");
  EXPECT_EQ(explain(policy, "10.0.0.1"), "denied by default: private");
  EXPECT_EQ(explain(policy, "fe80::1"), "denied by default: link-local");
  EXPECT_EQ(explain(policy, "1.1.1.1"), "allowed by allow 0.0.0.0/0");
}

TEST(PeerPolicy, AnAllowOfABlockDoesNotOpenTheMetadataServiceInIt) {
  const PeerPolicy policy(prefixes({"169.254.0.0/16"}), {}, {});
  EXPECT_EQ(explain(policy, "169.254.1.1"), "allowed by allow 169.254.0.0/16");
  EXPECT_EQ(explain(policy, "169.254.169.254"), "denied by default: metadata");
}

TEST(PeerPolicy, OwnAddressesAreOpenedOnlyByTheirFullAddress) {
  const std::vector<IpAddress> own = {ip("10.0.0.5")};
  EXPECT_EQ(explain(PeerPolicy(prefixes({"10.0.0.0/8"}), {}, own), "10.0.0.5"), "denied by default: own address");
  EXPECT_EQ(explain(PeerPolicy(prefixes({"10.0.0.5"}), {}, own), "10.0.0.5"), "allowed by allow 10.0.0.5/32");
}

TEST(PeerPolicy, LoopbackIsOpenedAsABlockAlthoughItIsTheHostsOwn) {
  const PeerPolicy policy(prefixes({"127.0.0.0/8", "::1"}), {}, {ip("127.0.0.1"), ip("::1")});
  EXPECT_EQ(explain(policy, "127.0.0.1"), "allowed by allow 127.0.0.0/8");
  EXPECT_EQ(explain(policy, "::1"), "allowed by allow ::1/128");
}

TEST(PeerPolicy, TheLongestOfTheOperatorsRulesDecides) {
  const PeerPolicy policy(prefixes({"203.0.113.0/24", "203.0.113.64/28"}), prefixes({"0.0.0.0/0", "203.0.113.64/26"}),
                          {});
  EXPECT_EQ(explain(policy, "1.1.1.1"), "denied by deny 0.0.0.0/0");
  EXPECT_EQ(explain(policy, "203.0.113.1"), "allowed by allow 203.0.113.0/24");
  EXPECT_EQ(explain(policy, "203.0.113.65"), "allowed by allow 203.0.113.64/28");
  EXPECT_EQ(explain(policy, "203.0.113.100"), "denied by deny 203.0.113.64/26");
}

TEST(PeerPolicy, ADenyBeatsAnAllowOfTheSamePrefix) {
  const PeerPolicy policy(prefixes({"10.0.0.0/8"}), prefixes({"10.0.0.0/8"}), {});
  EXPECT_EQ(explain(policy, "10.0.0.1"), "denied by deny 10.0.0.0/8");
}

TEST(PeerPolicy, RulesInV4MappedNotationMeanTheIpv4Block) {
  const PeerPolicy policy(prefixes({"::ffff:10.0.0.0/104"}), prefixes({"::ffff:1.1.1.1"}), {});
  EXPECT_TRUE(policy.check(ip("10.0.0.1")).allowed);
  EXPECT_FALSE(policy.check(ip("1.1.1.1")).allowed);
}

TEST(PeerPolicy, ADenyAlsoMeansTheAddressAsWritten) {
  const PeerPolicy policy({}, prefixes({"64:ff9b::/96"}), {});
  EXPECT_EQ(explain(policy, "64:ff9b::1.1.1.1"), "denied by deny 64:ff9b::/96");
  EXPECT_EQ(explain(policy, "1.1.1.1"), "allowed by default: public");
}

TEST(PeerPolicy, AnAllowNeverMeansTheAddressAsWritten) {
  const PeerPolicy policy(prefixes({"64:ff9b::/96"}), {}, {});
  EXPECT_EQ(explain(policy, "64:ff9b::10.0.0.1"), "denied by default: private");
}

}  // namespace
}  // namespace noom::auth
