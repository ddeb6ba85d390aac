// RFC 8265 §4.2 on RFC 8264 §4.3.
#include "common/auth/opaque_string.h"

#include <gtest/gtest.h>

namespace noom::auth {
namespace {

using namespace std::string_literals;

TEST(OpaqueString, KeepsWhatThatRfcShowsAsAllowed) {
  // RFC 8265 §4.3: the examples of allowed strings, the fourth with its space mapped.
  for (const char* text :
       {"correct horse battery staple", "Correct Horse Battery Staple", "\u03c0\u00df\u00e5", "Jack of \u2666s"})
    EXPECT_EQ(opaque_string(text), text);
  EXPECT_EQ(opaque_string("foo\u1680bar"), "foo bar");
}

TEST(OpaqueString, RefusesWhatThatRfcShowsAsRefused) {
  // RFC 8265 §4.3: empty, and with a control character.
  EXPECT_EQ(opaque_string(""), std::nullopt);
  EXPECT_EQ(opaque_string("my cat is a \tby"), std::nullopt);
}

TEST(OpaqueString, ComposesCharacters) {
  // RFC 8265 §4.2.2 (4): normalization form C; full-width forms are left alone.
  EXPECT_EQ(opaque_string("e\u0301"), "\u00e9");
  EXPECT_EQ(opaque_string("\uff21"), "\uff21");
  EXPECT_EQ(opaque_string("\u30de\u30c8\u30ea\u30c3\u30af\u30b9"), "\u30de\u30c8\u30ea\u30c3\u30af\u30b9");
}

TEST(OpaqueString, MapsEverySpaceToTheAsciiOne) {
  // RFC 8265 §4.2.2 (2).
  EXPECT_EQ(opaque_string("a\u00a0b\u2003c\u3000d"), "a b c d");
}

TEST(OpaqueString, RefusesWhatIsNotText) {
  // RFC 8264 §4.3.3: controls, unassigned, private use, noncharacters, default ignorable.
  for (const std::string& text : {"a\0b"s, "a\nb"s, "a\x7f"s, "\u0085"s, "\u0378"s, "\ue000"s, "\ufdd0"s, "\U0001ffff"s,
                                  "\u200b"s, "\u2028"s, "\u00ad"s})
    EXPECT_EQ(opaque_string(text), std::nullopt) << testing::PrintToString(text);
}

TEST(OpaqueString, RefusesWhatIsNotUtf8) {
  // RFC 8265 §4.2.1: the output is UTF-8; overlong forms and surrogates are none.
  for (const std::string& text : {"\xff"s, "\xc3"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s})
    EXPECT_EQ(opaque_string(text), std::nullopt);
}

TEST(OpaqueString, LeavesWhatIsPlainAsItIs) {
  // RFC 8265 §4.2: printable ASCII needs no preparation.
  for (int c = 0; c < 256; ++c) {
    const std::string text = "a" + std::string(1, static_cast<char>(c));
    EXPECT_EQ(is_plain(text), c < 128 && opaque_string(text).has_value()) << c;
    EXPECT_TRUE(!is_plain(text) || opaque_string(text) == text) << c;
  }
  EXPECT_FALSE(is_plain(""));
}

}  // namespace
}  // namespace noom::auth
