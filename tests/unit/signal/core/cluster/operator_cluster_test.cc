// What an operator asks of one node about rooms of others.
#include "signal/core/cluster/nodes.h"
#include "tests/unit/signal/core/cluster/cluster_world.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = OperatorQuestion::Kind;
using Why = OperatorRefusal::Why;

class OperatorCluster : public testing::Test {
 protected:
  OperatorCluster() {
    Settings settings;
    settings.resume_key = Secret(as_bytes(std::string_view("0123456789abcdef0123456789abcdef")));
    settings.openings = {.per_second = 0, .burst = 0};
    settings_ = std::make_shared<const Settings>(std::move(settings));
    for (const char* name : {"a", "b", "c"}) nodes_[name] = std::make_unique<HubNode>(bus_, name, settings_, ++seed_);
    bus_.run_for(seconds(3));
  }
  HubNode& node(const std::string& name) { return *nodes_.at(name); }

  std::unique_ptr<ResumingClient> join(const std::string& at, const std::string& room) {
    auto client = std::make_unique<ResumingClient>(node(at));
    client->connect();
    client->hear();
    client->say(R"({"type":"join","id":1,"room":")" + room + "\"}");
    client->speak();
    bus_.run_for(milliseconds(100));
    client->hear();
    EXPECT_FALSE(client->peer().empty());
    return client;
  }
  std::string owner_of(const std::string& room) {
    for (const auto& [name, node] : nodes_) {
      const auto given = node->ask({.kind = Kind::kDescribe, .room = room});
      bus_.run_for(milliseconds(100));
      node->replies.clear();
      if (const auto* answer = std::get_if<OperatorAnswer>(&given); answer != nullptr && !answer->refusal) return name;
    }
    return {};
  }
  std::string other_than(const std::string& node) { return node == "a" ? "b" : "a"; }

  OperatorAnswer ask(const std::string& at, const OperatorQuestion& question, Duration patience = seconds(1)) {
    auto given = node(at).ask(question);
    if (auto* answer = std::get_if<OperatorAnswer>(&given)) return std::move(*answer);
    const uint64_t number = std::get<uint64_t>(given);
    bus_.run_for(patience);
    const auto reply = node(at).replies.find(number);
    if (reply != node(at).replies.end()) return reply->second;
    ADD_FAILURE() << "no answer";
    return {};
  }
  std::string left_reason(ResumingClient& client) {
    bus_.run_for(milliseconds(100));
    client.hear();
    for (const Json& message : client.heard) {
      if (message.at("type").as_string() == "left") return std::string(message.at("reason").as_string());
    }
    return {};
  }

  MemoryBus bus_{7};
  std::shared_ptr<const Settings> settings_;
  uint64_t seed_ = 0;
  std::map<std::string, std::unique_ptr<HubNode>> nodes_;
};

TEST_F(OperatorCluster, EachNodeShowsTheRoomsOfAll) {
  std::set<std::string> made;
  std::vector<std::unique_ptr<ResumingClient>> clients;
  for (int i = 0; i < 30; ++i) {
    made.insert("room" + std::to_string(i));
    clients.push_back(join(i % 2 == 0 ? "a" : "b", "room" + std::to_string(i)));
  }
  for (const char* at : {"a", "b", "c"}) {
    std::set<std::string> seen;
    std::set<std::string> owners;
    std::optional<RoomCursor> cursor = RoomCursor();
    for (int pages = 0; cursor && pages < 40; ++pages) {
      const RoomPage page = ask(at, {.from = *cursor, .limit = 4}).page;
      EXPECT_LE(page.rooms.size(), 4u);
      for (const RoomSummary& room : page.rooms) {
        EXPECT_TRUE(seen.insert(room.name).second) << room.name;
        owners.insert(room.owner);
      }
      cursor = page.next;
    }
    EXPECT_EQ(seen, made) << at;
    EXPECT_EQ(owners, (std::set<std::string>{"a", "b", "c"}));
  }
}

TEST_F(OperatorCluster, MembersOfARoomAreShownByAnyNode) {
  const auto ann = join("b", "r");
  const auto bo = join("c", "r");
  const std::string owner = owner_of("r");
  for (const char* at : {"a", "b", "c"}) {
    const OperatorAnswer answer = ask(at, {.kind = Kind::kDescribe, .room = "r"});
    EXPECT_FALSE(answer.refusal);
    EXPECT_EQ(answer.detail.room.owner, owner);
    ASSERT_EQ(answer.detail.members.size(), 2u);
    EXPECT_EQ(answer.detail.members[0].peer, ann->peer());
    EXPECT_EQ(answer.detail.members[0].node, "b");
    EXPECT_EQ(answer.detail.members[0].role, Role::kHost);
    EXPECT_EQ(answer.detail.members[1].node, "c");
    EXPECT_EQ(ask(at, {.kind = Kind::kDescribe, .room = "nowhere"}).refusal->why, Why::kNoSuchRoom);
  }
}

TEST_F(OperatorCluster, AMemberIsPutOutAndARoomEndedByAnyNode) {
  const auto ann = join("b", "r");
  const auto bo = join("c", "r");
  const std::string owner = owner_of("r");
  const std::string other = other_than(owner);
  const OperatorQuestion kick{.kind = Kind::kKick, .room = "r", .peer = bo->peer()};
  EXPECT_FALSE(ask(other, kick).refusal);
  EXPECT_EQ(left_reason(*bo), "kicked");
  EXPECT_EQ(node(owner).revocations.size(), 1u);
  EXPECT_EQ(ask(other, kick).refusal->why, Why::kNoSuchPeer);
  EXPECT_FALSE(ask(other, {.kind = Kind::kEndRoom, .room = "r"}).refusal);
  EXPECT_EQ(left_reason(*ann), "ended");
  EXPECT_EQ(ask(other, {.kind = Kind::kEndRoom, .room = "r"}).refusal->why, Why::kNoSuchRoom);
}

TEST_F(OperatorCluster, ANodeThatDoesNotAnswerIsUnavailableWithinTheDeadline) {
  const auto ann = join("b", "r");
  const std::string owner = owner_of("r");
  const std::string other = other_than(owner);
  for (const char* name : {"a", "b", "c"}) {
    if (name != owner) bus_.cut(owner, name);
  }
  const auto given = node(other).ask({.kind = Kind::kDescribe, .room = "r"});
  ASSERT_TRUE(std::holds_alternative<uint64_t>(given));
  bus_.run_for(kOperatorPatience + kNodeTick);
  const OperatorAnswer& answer = node(other).replies.at(std::get<uint64_t>(given));
  EXPECT_EQ(answer.refusal->why, Why::kUnavailable);
  EXPECT_EQ(answer.refusal->node, owner);
}

TEST_F(OperatorCluster, AListLeavesOutANodeThatDoesNotAnswerAndSaysSo) {
  bus_.cut("a", "b");
  bus_.cut("c", "b");
  const OperatorAnswer first = ask("a", {.limit = 10});
  EXPECT_EQ(first.page.next->node, "b");
  const OperatorAnswer second = ask("a", {.from = *first.page.next, .limit = 10}, kOperatorPatience + kNodeTick);
  EXPECT_EQ(second.page.unavailable, "b");
  EXPECT_EQ(second.page.next->node, "c");
  EXPECT_FALSE(second.page.cut_off);
}

TEST_F(OperatorCluster, WhoIsCutOffFromTheBusShowsItsOwnRoomsAndOrdersNothing) {
  const auto ann = join("a", "r");
  const std::string owner = owner_of("r");
  node(owner).set_connected(false);
  const OperatorAnswer list = ask(owner, {.limit = 10});
  EXPECT_TRUE(list.page.cut_off);
  EXPECT_EQ(list.page.rooms.size(), 1u);
  EXPECT_FALSE(ask(owner, {.kind = Kind::kDescribe, .room = "r"}).refusal);
  for (const OperatorQuestion& refused : {OperatorQuestion{.kind = Kind::kEndRoom, .room = "r"},
                                          OperatorQuestion{.kind = Kind::kKick, .room = "r", .peer = ann->peer()},
                                          OperatorQuestion{.kind = Kind::kDescribe, .room = "of another node"}}) {
    const OperatorAnswer answer = ask(owner, refused);
    EXPECT_EQ(answer.refusal->why, Why::kUnavailable);
    EXPECT_EQ(answer.refusal->node, "");
  }
}

TEST_F(OperatorCluster, QuestionsThatWaitAreBounded) {
  const auto ann = join("b", "r");
  const std::string owner = owner_of("r");
  HubNode& asked = node(other_than(owner));
  const OperatorQuestion question{.kind = Kind::kDescribe, .room = "r"};
  for (size_t i = 0; i < kOperatorQuestionsMax; ++i) EXPECT_TRUE(std::holds_alternative<uint64_t>(asked.ask(question)));
  EXPECT_EQ(std::get<OperatorAnswer>(asked.ask(question)).refusal->why, Why::kUnavailable);
  bus_.run_for(seconds(1));
  EXPECT_EQ(asked.replies.size(), kOperatorQuestionsMax);
}

TEST(OperatorMessages, AreBytesAndBack) {
  const node::Message asked =
      node::OperatorAsked{7, {.kind = Kind::kKick, .room = "r", .peer = "p_1", .ban = seconds(60), .message = "Later"}};
  const auto back = std::get<node::OperatorAsked>(node::decode(node::encode(asked)).value());
  EXPECT_EQ(back.number, 7u);
  EXPECT_EQ(back.question.peer, "p_1");
  EXPECT_EQ(back.question.ban, seconds(60));
  node::OperatorAsked strange;
  strange.question.kind = static_cast<Kind>(9);
  EXPECT_FALSE(node::decode(node::encode(strange)));
  node::OperatorAnswered stranger;
  stranger.answer.detail.members.emplace_back().role = static_cast<Role>(9);
  EXPECT_FALSE(node::decode(node::encode(stranger)));
}

}  // namespace
}  // namespace noom::signal
