#include "turn/shell/stream_places.h"

#include <gtest/gtest.h>

namespace noom::turn {
namespace {

TEST(StreamPlaces, AreFreeAgainOnceGivenBack) {
  StreamPlaces places(2, 1);
  EXPECT_TRUE(places.take());
  EXPECT_TRUE(places.take());
  EXPECT_FALSE(places.take());
  places.give_back();
  EXPECT_TRUE(places.take());
}

TEST(StreamPlaces, OfASourceAreThoseOfAnIpv4AddressOrAnIpv6Slash64) {
  StreamPlaces places(9, 1);
  const auto v6 = [](std::string_view text) { return *IpAddress::parse(text); };
  EXPECT_TRUE(places.take_of_source(IpAddress::v4(192, 0, 2, 1)));
  EXPECT_FALSE(places.take_of_source(IpAddress::v4(192, 0, 2, 1)));
  EXPECT_TRUE(places.take_of_source(IpAddress::v4(192, 0, 2, 2)));
  EXPECT_TRUE(places.take_of_source(v6("2001:db8:0:1::1")));
  EXPECT_FALSE(places.take_of_source(v6("2001:db8:0:1::2")));
  EXPECT_TRUE(places.take_of_source(v6("2001:db8:0:2::1")));
  places.give_back_of_source(v6("2001:db8:0:1::1"));
  EXPECT_TRUE(places.take_of_source(v6("2001:db8:0:1::2")));
}

}  // namespace
}  // namespace noom::turn
