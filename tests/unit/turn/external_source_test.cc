#include "turn/external_source.h"

#include <gtest/gtest.h>

namespace noom::turn {
namespace {

using Kind = ExternalSource::Kind;

TEST(ExternalSource, IsAnAddressANameOrAStunServer) {
  EXPECT_EQ(ExternalSource::parse("192.0.2.1")->kind, Kind::kAddress);
  EXPECT_EQ(ExternalSource::parse("2001:db8::1")->address, *IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(ExternalSource::parse("relay.example.org")->kind, Kind::kName);
  EXPECT_EQ(ExternalSource::parse("localhost")->host, "localhost");
  const auto stun = ExternalSource::parse("stun://stun.example.org:3479");
  EXPECT_EQ(stun->kind, Kind::kStun);
  EXPECT_EQ(stun->host, "stun.example.org");
  EXPECT_EQ(stun->port, 3479);
  EXPECT_EQ(ExternalSource::parse("stun://stun.example.org")->port, 3478);
  EXPECT_EQ(ExternalSource::parse("stun://192.0.2.1")->host, "192.0.2.1");
  EXPECT_EQ(ExternalSource::parse("stun://[2001:db8::1]:7")->host, "2001:db8::1");
  EXPECT_EQ(ExternalSource::parse("stun://[2001:db8::1]")->port, 3478);
}

TEST(ExternalSource, PrintsWhatItReads) {
  for (const std::string text : {"192.0.2.1", "2001:db8::1", "relay.example.org", "stun://stun.example.org:3479",
                                 "stun://192.0.2.1:3478", "stun://[2001:db8::1]:7"})
    EXPECT_EQ(ExternalSource::parse(text)->to_string(), text);
}

TEST(ExternalSource, RefusesAnythingElse) {
  for (const std::string text :
       {"", ".", "-a.org", "a..org", "a b", "256.0.0.1", "1.2.3", "192.0.2.1:80", "[2001:db8::1]", "stun:", "stun://",
        "stun:stun.example.org", "stun://a.org:0", "stun://a.org:65536", "stun://a.org:x", "stun://2001:db8::1",
        "stun://[192.0.2.1]", "turn://a.org", "http://a.org/"})
    EXPECT_EQ(ExternalSource::parse(text), std::nullopt) << text;
  EXPECT_EQ(ExternalSource::parse(std::string(254, 'a')), std::nullopt);
}

}  // namespace
}  // namespace noom::turn
