#include "common/io/dtls_cookie.h"

#include <gtest/gtest.h>

namespace noom::io {
namespace {

using std::chrono::seconds;

const IpEndpoint kClient = *IpEndpoint::parse("198.51.100.7:4000");
const IpEndpoint kServer = *IpEndpoint::parse("192.0.2.1:3478");

class DtlsCookiesTest : public testing::Test {
 protected:
  // The hello with the cookie that was made for it.
  ClientHello proved(int at) {
    ClientHello hello = hello_;
    cookie_ = cookies_.make(Mono(seconds(at)), kClient, kServer, hello);
    hello.cookie = cookie_;
    return hello;
  }
  bool accept(int at, const ClientHello& hello, const IpEndpoint& client = kClient,
              const IpEndpoint& server = kServer) {
    return cookies_.accept(Mono(seconds(at)), client, server, hello);
  }

  SeededRandom random_{7};
  DtlsCookies cookies_{random_};
  std::array<std::byte, 32> client_random_{std::byte{1}};
  std::array<std::byte, 32> other_random_{std::byte{2}};
  DtlsCookies::Cookie cookie_{};
  ClientHello hello_{.version = 0xfefd, .random = client_random_, .session_id = {}, .cookie = {}};
};

TEST_F(DtlsCookiesTest, ACookieIsGoodForOneToTwoKeyLifetimes) {
  // RFC 6347 §4.2.1: the secret changes from time to time, and cookies under the last one are accepted for a while.
  const ClientHello early = proved(0);
  EXPECT_TRUE(accept(0, early));
  EXPECT_TRUE(accept(59, early));
  EXPECT_TRUE(accept(119, early));
  EXPECT_FALSE(accept(120, early));
}

TEST_F(DtlsCookiesTest, AQuietWhileAgesKeysToo) {
  const ClientHello hello = proved(0);
  EXPECT_FALSE(accept(121, hello));
  const ClientHello next = proved(122);
  EXPECT_TRUE(accept(122, next));
}

TEST_F(DtlsCookiesTest, ACookieIsForOnePairOfEndpointsAndOneHello) {
  // RFC 6347 §4.2.1: the cookie covers the client's address and the ClientHello's parameters.
  const ClientHello hello = proved(0);
  EXPECT_FALSE(accept(0, hello, *IpEndpoint::parse("198.51.100.7:4001")));
  EXPECT_FALSE(accept(0, hello, *IpEndpoint::parse("198.51.100.8:4000")));
  EXPECT_FALSE(accept(0, hello, *IpEndpoint::parse("[::ffff:198.51.100.7]:4000")));
  EXPECT_FALSE(accept(0, hello, kClient, *IpEndpoint::parse("192.0.2.1:3479")));
  ClientHello other = hello;
  other.random = other_random_;
  EXPECT_FALSE(accept(0, other));
  other = hello;
  other.version = 0xfeff;
  EXPECT_FALSE(accept(0, other));
  other = hello;
  other.session_id = other_random_;
  EXPECT_FALSE(accept(0, other));
}

TEST_F(DtlsCookiesTest, EveryBitOfACookieCounts) {
  const ClientHello hello = proved(0);
  for (size_t bit = 0; bit < cookie_.size() * 8; ++bit) {
    cookie_[bit / 8] ^= std::byte{1} << bit % 8;
    EXPECT_FALSE(accept(0, hello)) << bit;
    cookie_[bit / 8] ^= std::byte{1} << bit % 8;
  }
  ClientHello cut = hello;
  cut.cookie = hello.cookie.first(15);
  EXPECT_FALSE(accept(0, cut));
  cut.cookie = {};
  EXPECT_FALSE(accept(0, cut));
}

}  // namespace
}  // namespace noom::io
