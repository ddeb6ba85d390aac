// RFC 7515 §2: base64url without padding.
#include "common/auth/base64url.h"

#include <gtest/gtest.h>

namespace noom::auth {
namespace {

TEST(Base64UrlTest, TheExampleOfRfc7515AppendixC) {
  const std::string bytes = {'\x03', '\xec', '\xff', '\xe0', '\xc1'};
  EXPECT_EQ(encode_base64url(as_bytes(bytes)), "A-z_4ME");
  EXPECT_EQ(decode_base64url("A-z_4ME"), bytes);
  EXPECT_EQ(decode_base64url(""), "");
}

TEST(Base64UrlTest, NothingIsPassedOverOrFilledIn) {
  for (const std::string_view text :
       {"A-z_4ME=", "A+z/4ME", " A-z_4ME", "A-z_4ME\n", "A-z_ 4ME", "A-z_4", "A", "A-z_4MF", "A-z_4M.", "=", "===="})
    EXPECT_FALSE(decode_base64url(text)) << text;
  EXPECT_FALSE(decode_base64url(std::string_view("A\0-z", 4)));
}

}  // namespace
}  // namespace noom::auth
