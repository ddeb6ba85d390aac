// Valid JSON text is taken apart where its strings end, however many backslashes they have.
#include "signal/core/json_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace noom::signal {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs members_of(std::string_view object) {
  EXPECT_TRUE(is_json_object(object, 32)) << object;
  Pairs pairs;
  JsonMembers members(object);
  while (const auto member = members.next()) pairs.emplace_back(member->key_json, member->value_json);
  return pairs;
}

TEST(JsonText, AStringEndsAtTheFirstQuoteThatIsNotEscaped) {
  EXPECT_EQ(members_of(R"({"a\\":"b\"c","d\"":"\\\\\"","e":"\\","":""})"),
            (Pairs{{R"("a\\")", R"("b\"c")"}, {R"("d\"")", R"("\\\\\"")"}, {R"("e")", R"("\\")"}, {R"("")", R"("")"}}));
}

TEST(JsonText, BracketsAndQuotesWithinStringsEndNothing) {
  EXPECT_EQ(members_of(R"({ "a" : [ "]\"" , {"b\\":"}"} ] , "c":{"d":"\\\"{"}})"),
            (Pairs{{R"("a")", R"([ "]\"" , {"b\\":"}"} ])"}, {R"("c")", R"({"d":"\\\"{"})"}}));
}

TEST(JsonText, AStringWithoutEscapesIsReadInPlace) {
  std::string decoded;
  const std::string_view plain = R"("type")";
  EXPECT_EQ(json_string_text(plain, decoded).data(), plain.data() + 1);
  EXPECT_EQ(json_string_text(plain, decoded), "type");
  EXPECT_EQ(json_string_text(R"("ty\u0070e")", decoded), "type");
}

}  // namespace
}  // namespace noom::signal
