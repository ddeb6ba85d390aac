#include "signal/core/host.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

TEST(Host, TakesThePortOffAndKeepsTheBracketsOfIpv6) {
  EXPECT_EQ(host_of("Noom.Example:8443"), "noom.example");
  EXPECT_EQ(host_of("localhost"), "localhost");
  EXPECT_EQ(host_of("192.0.2.1:80"), "192.0.2.1");
  EXPECT_EQ(host_of("[2001:DB8::1]:8080"), "[2001:db8::1]");
  EXPECT_EQ(host_of("[::1]"), "[::1]");
}

TEST(Host, RefusesWhatIsNoHost) {
  for (const char* text : {"", ":80", "a b", "a/b", "a:", "a:b", "a:123456", "a@b", "[::1", "[]", "[192.0.2.1]",
                           "[::1]x", "[::1]:", "::1", "a\"b", "a?b", "ho%73t", "host:80:90"}) {
    EXPECT_EQ(host_of(text), std::nullopt) << text;
  }
  EXPECT_EQ(host_of(std::string(254, 'a')), std::nullopt);
}

TEST(Host, FillsEveryPlaceholder) {
  EXPECT_EQ(fill_host("turn:{host}:3478?transport=udp", "a.example"), "turn:a.example:3478?transport=udp");
  EXPECT_EQ(fill_host("{host}{host}", "x"), "xx");
  EXPECT_EQ(fill_host("turn:fixed", "x"), "turn:fixed");
  EXPECT_EQ(fill_host("", "x"), "");
}

}  // namespace
}  // namespace noom::signal
