// Requests for connections of other nodes, with the other node and the clients' connections played by the test.
#include "signal/shell/forwarding.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace noom::signal {
namespace {

class ClientConnection final : public HttpConnection {
 public:
  bool is_answering() const override { return false; }
  void answer(HttpAnswer answer) override { answers.push_back(std::move(answer)); }
  void write(std::string) override {}
  void finish() override {}
  void abort() override {}

  std::vector<HttpAnswer> answers;
};

class ForwardingTest : public testing::Test {
 protected:
  ForwardingTest() {
    forwarding_.use("a", [this](const NodeId& to, std::string bytes) {
      if (!takes_) return false;
      sent_.emplace_back(to, std::get<PassedRequest>(*decode_passed(bytes)));
      return true;
    });
  }

  static FallbackRequest request(FallbackVerb verb, std::string connection = "b.secret", uint64_t number = 3) {
    FallbackRequest asked;
    asked.verb = verb;
    asked.connection = std::move(connection);
    asked.number = number;
    asked.cors = "Vary: Origin\r\n";
    return asked;
  }
  HttpReply ask(uint32_t connection, const FallbackRequest& asked) {
    return forwarding_.on_request({connection, 0}, client_, asked, "b", 100);
  }
  static int status(const HttpReply& reply) {
    const auto* answer = std::get_if<HttpAnswer>(&reply);
    return answer != nullptr ? answer->status : 0;
  }

  SeededRandom random_{1};
  ShellStats stats_;
  Forwarding forwarding_{random_, stats_};
  bool takes_ = true;
  std::vector<std::pair<NodeId, PassedRequest>> sent_;
  std::shared_ptr<ClientConnection> client_ = std::make_shared<ClientConnection>();
};

TEST_F(ForwardingTest, APostIsPassedOnWithItsBodyAndAnsweredAsTheOtherNodeSays) {
  const auto reply = ask(1, request(FallbackVerb::kPost));
  EXPECT_EQ(std::get<BodyWanted>(reply).bytes_max, 100u);
  EXPECT_FALSE(forwarding_.is_waiting({1, 0}));
  EXPECT_TRUE(std::holds_alternative<AnswerLater>(forwarding_.on_body({1, 0}, "hello")));
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].first, "b");
  const PassedRequest& passed = sent_[0].second;
  EXPECT_EQ(passed.what, PassedRequest::What::kPost);
  EXPECT_EQ(passed.from, "a");
  EXPECT_EQ(passed.connection, "b.secret");
  EXPECT_EQ(passed.number, 3u);
  EXPECT_EQ(passed.body, "hello");
  EXPECT_EQ(forwarding_.patience({1, 0}, std::chrono::seconds(25)), kForwardPatience);
  forwarding_.on_answer({passed.id + 1, 204, {}});
  EXPECT_TRUE(client_->answers.empty()) << "somebody else's";
  forwarding_.on_answer({passed.id, 204, {}});
  ASSERT_EQ(client_->answers.size(), 1u);
  EXPECT_EQ(client_->answers[0].status, 204);
  EXPECT_NE(client_->answers[0].fields.find("Vary: Origin"), std::string::npos);
  EXPECT_FALSE(forwarding_.holds({1, 0}));
  forwarding_.on_answer({passed.id, 204, {}});
  EXPECT_EQ(client_->answers.size(), 1u) << "said twice";
}

TEST_F(ForwardingTest, APollThatWaitsForTooLongIsAnsweredWithNothingNew) {
  EXPECT_TRUE(std::holds_alternative<AnswerLater>(ask(1, request(FallbackVerb::kPoll))));
  EXPECT_EQ(forwarding_.patience({1, 0}, std::chrono::seconds(25)), std::chrono::seconds(25));
  forwarding_.on_wait_over({1, 0});
  ASSERT_EQ(client_->answers.size(), 1u);
  EXPECT_EQ(client_->answers[0].status, 200);
  EXPECT_EQ(*client_->answers[0].body, R"({"cursor":3,"messages":[]})");
}

TEST_F(ForwardingTest, APostWithoutAnAnswerIsToBeSentAgain) {
  ask(1, request(FallbackVerb::kPost));
  forwarding_.on_body({1, 0}, "hello");
  forwarding_.on_wait_over({1, 0});
  ASSERT_EQ(client_->answers.size(), 1u);
  EXPECT_EQ(client_->answers[0].status, 503);
  EXPECT_NE(client_->answers[0].fields.find("Retry-After: 1"), std::string::npos);
}

TEST_F(ForwardingTest, WithoutABusClientsAreToldToAskAgain) {
  takes_ = false;
  EXPECT_EQ(status(ask(1, request(FallbackVerb::kPoll))), 503);
  EXPECT_FALSE(forwarding_.holds({1, 0}));
  ask(2, request(FallbackVerb::kPost));
  EXPECT_EQ(status(forwarding_.on_body({2, 0}, "hello")), 503);
  forwarding_.forget({2, 0});
  EXPECT_FALSE(forwarding_.holds({2, 0}));
}

TEST_F(ForwardingTest, WhoWaitsForANodeThatIsGoneIsToOpenAnotherConnection) {
  ask(1, request(FallbackVerb::kPoll));
  ask(2, request(FallbackVerb::kPost));
  forwarding_.drop([](const NodeId&) { return false; });
  EXPECT_TRUE(client_->answers.empty());
  forwarding_.drop([](const NodeId& node) { return node == "b"; });
  ASSERT_EQ(client_->answers.size(), 1u);
  EXPECT_EQ(client_->answers[0].status, 421);
  EXPECT_TRUE(forwarding_.holds({2, 0})) << "its body is still coming";
}

TEST_F(ForwardingTest, ABodyBeyondTheLimitIsRefusedAndTheOtherNodeKnows) {
  ask(1, request(FallbackVerb::kPost));
  const HttpAnswer refusal = forwarding_.on_body_too_big({1, 0});
  EXPECT_EQ(refusal.status, 413);
  EXPECT_NE(refusal.body->find("100 bytes"), std::string::npos);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].second.what, PassedRequest::What::kPostTooBig);
}

TEST_F(ForwardingTest, OneConnectionMayHaveSoManyUnderWayAndAllTogetherToo) {
  for (uint32_t i = 0; i < kForwardsOfOneMax; ++i) EXPECT_EQ(status(ask(i, request(FallbackVerb::kPost))), 0);
  EXPECT_EQ(status(ask(100, request(FallbackVerb::kPost))), 429);
  EXPECT_EQ(status(ask(100, request(FallbackVerb::kPost, "b.other"))), 0);
  forwarding_.forget({0, 0});
  EXPECT_EQ(status(ask(101, request(FallbackVerb::kPost))), 0);
  for (uint32_t i = 200; i < 200 + kForwardsMax - kForwardsOfOneMax - 1; ++i)
    ASSERT_EQ(status(ask(i, request(FallbackVerb::kPoll, "b." + std::to_string(i)))), 0) << i;
  EXPECT_EQ(status(ask(99'999, request(FallbackVerb::kPoll, "b.last"))), 429);
  EXPECT_EQ(stats_.forwards[ForwardOutcome::kTooMany].value(), 2u);
}

TEST(PassedRequest, AnyOtherBytesAreNone) {
  const std::string request = encode(PassedRequest{7, "a", PassedRequest::What::kPost, "b.secret", 9, "body"});
  const std::string answer = encode(PassedAnswer{7, 200, "{}"});
  EXPECT_EQ(std::get<PassedRequest>(*decode_passed(request)).body, "body");
  EXPECT_EQ(std::get<PassedAnswer>(*decode_passed(answer)).body, "{}");
  for (const std::string& bytes : {request, answer}) {
    for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_passed(bytes.substr(0, size))) << size;
    EXPECT_FALSE(decode_passed(bytes + "x"));
  }
  EXPECT_FALSE(decode_passed(encode(PassedAnswer{7, 199, "{}"}))) << "no status";
  EXPECT_FALSE(decode_passed(encode(PassedAnswer{7, 6000, "{}"}))) << "no status";
}

}  // namespace
}  // namespace noom::signal
