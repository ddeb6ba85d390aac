// A client that moves to where another shard hears it, RFC 8016 §3.2.2: one shard holds the allocation, the other hands
// over.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class ForwardTest : public testing::Test {
 protected:
  ForwardTest() {
    for (Script* script : {&owner_, &hearer_}) {
      script->settings.shard_count = 2;
      script->settings.alternates = {};
    }
    hearer_.shard = 1;
    hearer_.shared = owner_.shared;
    owner_.learn_key("bob", "builder");
  }

  // Hands on what one script has for the other, then forgets the rest. What is forwarded comes after what is told.
  static void carry(Script& from, Script& to) {
    const std::vector<Command> commands(from.commands());
    for (const Command& command : commands)
      if (const auto* tell = std::get_if<TellShard>(&command)) to.told(tell->message);
    for (const Command& command : commands)
      if (const auto* forward = std::get_if<Forward>(&command))
        to.forwarded(forward->client, from.shard, {forward->message.begin(), forward->message.end()});
    from.forget();
  }
  std::string allocate_mobile() {
    old_.sends(allocate().ticket());
    owner_.opened(0);
    const std::string ticket = ticket_in_last_answer();
    owner_.forget();
    old_.binds(0x4000, kPeer);
    return ticket;
  }
  std::string ticket_in_last_answer() {
    const auto message = wire::MessageView::parse(owner_.to_clients().back().bytes).value();
    return std::string(as_text(message.find(Attr::kMobilityTicket).value().value));
  }
  std::string move(Client& to, const std::string& ticket) {
    to.sends(refresh().ticket(ticket));
    carry(hearer_, owner_);
    const std::string next = ticket_in_last_answer();
    carry(owner_, hearer_);
    hearer_.forget();
    return next;
  }
  void forwards(Client& client, std::vector<std::byte> bytes) {
    client.sends(std::move(bytes));
    carry(hearer_, owner_);
  }
  uint64_t entries() { return hearer_.stats().clients_forwarded.value(); }

  static constexpr const char* kPeer = "192.0.2.9:99";
  Script owner_;
  Script hearer_;
  Client old_ = owner_.client("198.51.100.7:4000");
  Client datagrams_ = hearer_.client("198.51.100.80:5000");
  Client stream_ = hearer_.client("198.51.100.80:6000", Transport::kTcp);
};

TEST_F(ForwardTest, TheOwnerOfTheTicketAnswersTheWayTheRefreshCame) {
  // RFC 8016 §3.2.2: the ticket is good wherever it arrives.
  const std::string ticket = allocate_mobile();
  datagrams_.sends(refresh().ticket(ticket));
  const std::vector<Command> forwarded = hearer_.commands();
  EXPECT_THAT(hearer_.says(), ElementsAre("forward to shard 0 what 198.51.100.80:5000 said"));
  const auto& message = std::get<Forward>(forwarded.front());
  EXPECT_EQ(message.client, datagrams_.tuple());
  datagrams_.sends(refresh().ticket(ticket));
  carry(hearer_, owner_);
  EXPECT_THAT(owner_.says(),
              ElementsAre("tell shard 1: forward 198.51.100.80:5000 to shard 0",
                          "198.51.100.80:5000 by shard 1 <- refresh success lifetime=600 ticket integrity"));
}

TEST_F(ForwardTest, WhatTheClientSaysFromThenOnGoesToTheOwner) {
  // RFC 8016 §3.2.2: data on the new five-tuple completes the move, whichever shard hears it.
  move(datagrams_, allocate_mobile());
  EXPECT_EQ(entries(), 1u);
  EXPECT_TRUE(hearer_.server().has_allocation(datagrams_.tuple()));
  forwards(datagrams_, channel_data(0x4000, "up"));
  EXPECT_THAT(owner_.says(), ElementsAre("#0 -> 192.0.2.9:99 'up'"));
  owner_.peer_sends(0, kPeer, "down");
  EXPECT_THAT(owner_.says(), ElementsAre("198.51.100.80:5000 <- channel 0x4000 'down'")) << "by its own socket";
  datagrams_.sends(create_permission().peer("192.0.2.10:1"));
  carry(hearer_, owner_);
  EXPECT_THAT(owner_.says(), ElementsAre("198.51.100.80:5000 by shard 1 <- create_permission success integrity"));
  EXPECT_EQ(owner_.stats().moves[Move::kCompleted].value(), 1u);
}

TEST_F(ForwardTest, DataForAStreamLeavesByTheShardThatHasIt) {
  // RFC 8016 §3.2.2: to another transport, and to another shard.
  move(stream_, allocate_mobile());
  forwards(stream_, channel_data(0x4000, "up"));
  owner_.forget();
  owner_.peer_sends(0, kPeer, "down!");
  EXPECT_THAT(owner_.says(), ElementsAre("198.51.100.80:6000 by shard 1 <- channel 0x4000 'down!' padding=3"));
  owner_.icmp(0, kPeer, {.type = 3, .code = 3});
  EXPECT_THAT(owner_.says(), ElementsAre(StartsWith("198.51.100.80:6000 by shard 1 <- data from 192.0.2.9:99")));
}

TEST_F(ForwardTest, NothingIsForwardedForWhoHasProvedNothing) {
  // RFC 8016 §5: a ticket alone, or with a wrong password, makes no state anywhere.
  const std::string ticket = allocate_mobile();
  datagrams_.sends_unsigned(refresh().ticket(ticket));
  hearer_.client("198.51.100.80:5000", Transport::kUdp, "alice", "guess").sends(refresh().ticket(ticket));
  hearer_.client("198.51.100.80:5000", Transport::kUdp, "bob", "builder").sends(refresh().ticket(ticket));
  carry(hearer_, owner_);
  EXPECT_THAT(owner_.says(), ElementsAre(StartsWith("198.51.100.80:5000 by shard 1 <- refresh error 401"),
                                         StartsWith("198.51.100.80:5000 by shard 1 <- refresh error 401"),
                                         "198.51.100.80:5000 by shard 1 <- refresh error 441 integrity"));
  EXPECT_EQ(entries(), 0u);
  datagrams_.sends(channel_data(0x4000, "up"));
  EXPECT_EQ(hearer_.dropped(Drop::kNoAllocation), 1u);
}

TEST_F(ForwardTest, ATicketThatIsNotGoodIsAnsweredWhereItArrives) {
  // RFC 8016 §3.2.2: 400 for what no key opens; 437 for a shard there is not.
  const auth::TicketKeys& keys = owner_.shared->ticket_keys;
  datagrams_.sends(refresh().ticket("no ticket"));
  datagrams_.sends(refresh().ticket(as_text(keys.seal({.instance = owner_.shared->instance, .shard = 2}))));
  EXPECT_THAT(hearer_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 400 integrity",
                                          "198.51.100.80:5000 <- refresh error 437 integrity"));
}

TEST_F(ForwardTest, AFiveTupleWithItsOwnAllocationTakesNoOther) {
  // RFC 8656 §2: 437, from the shard that hears it.
  const std::string ticket = allocate_mobile();
  datagrams_.allocates();
  datagrams_.sends(refresh().ticket(ticket));
  EXPECT_THAT(hearer_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 437 integrity"));
}

TEST_F(ForwardTest, AnAllocationMadeMeanwhileKeepsItsFiveTuple) {
  // RFC 8656 §2: who allocates before the owner has said to forward stays, and the move is abandoned.
  const std::string ticket = allocate_mobile();
  datagrams_.sends(refresh().ticket(ticket));
  carry(hearer_, owner_);
  datagrams_.allocates();
  carry(owner_, hearer_);
  EXPECT_EQ(entries(), 0u);
  carry(hearer_, owner_);
  EXPECT_EQ(owner_.stats().moves[Move::kAbandoned].value(), 1u);
  EXPECT_FALSE(owner_.server().has_allocation(datagrams_.tuple()));
  datagrams_.sends(refresh());
  EXPECT_THAT(hearer_.says(), ElementsAre("198.51.100.80:5000 <- refresh success lifetime=600 integrity"));
}

TEST_F(ForwardTest, TheEndOfTheAllocationEndsTheForwarding) {
  // RFC 8656 §8.2: nothing stays of an allocation that was deleted; what is under way is silence.
  move(datagrams_, allocate_mobile());
  datagrams_.sends(refresh().lifetime(0));
  carry(hearer_, owner_);
  datagrams_.sends(channel_data(0x4000, "late"));
  EXPECT_THAT(owner_.says(), ElementsAre("close #0", "tell shard 1: stop forwarding 198.51.100.80:5000",
                                         "198.51.100.80:5000 by shard 1 <- refresh success lifetime=0 integrity"));
  hearer_.told(StopForwarding{datagrams_.tuple()});
  EXPECT_EQ(entries(), 0u);
  carry(hearer_, owner_);
  EXPECT_EQ(owner_.dropped(Drop::kNoAllocation), 1u);
  datagrams_.sends(allocate());
  EXPECT_THAT(hearer_.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST_F(ForwardTest, MovingOnEndsTheForwardingAndClosesTheConnection) {
  // RFC 8016 §3.2.2: the five-tuple that the client has left is discarded, on the shard that heard it too.
  const std::string ticket = move(stream_, allocate_mobile());
  forwards(stream_, channel_data(0x4000, "up"));
  owner_.forget();
  Client home = owner_.client("198.51.100.7:4001");
  home.sends(refresh().ticket(ticket));
  owner_.forget();
  home.sends(channel_data(0x4000, "home"));
  EXPECT_THAT(owner_.says(), ElementsAre("tell shard 1: stop forwarding 198.51.100.80:6000 and close it",
                                         "#0 -> 192.0.2.9:99 'home'"));
  hearer_.told(StopForwarding{stream_.tuple(), true});
  EXPECT_THAT(hearer_.says(), ElementsAre("close 198.51.100.80:6000"));
  EXPECT_EQ(entries(), 0u);
}

TEST_F(ForwardTest, AForwardedConnectionThatClosesIsKnownToTheOwner) {
  // RFC 8016 §3.2.2: before data it leaves the old five-tuple in its place; after data it may come back by its ticket.
  std::string ticket = move(stream_, allocate_mobile());
  stream_.closes();
  EXPECT_EQ(entries(), 0u);
  carry(hearer_, owner_);
  owner_.forget();
  owner_.peer_sends(0, kPeer, "one");
  EXPECT_THAT(owner_.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'one'"));
  ticket = move(stream_, ticket);
  forwards(stream_, channel_data(0x4000, "up"));
  owner_.forget();
  stream_.closes();
  carry(hearer_, owner_);
  owner_.peer_sends(0, kPeer, "two");
  EXPECT_EQ(owner_.dropped(Drop::kClientAbsent), 1u);
  move(datagrams_, ticket);
  owner_.peer_sends(0, kPeer, "three");
  EXPECT_THAT(owner_.says(), ElementsAre("198.51.100.80:5000 <- channel 0x4000 'three'"));
}

TEST_F(ForwardTest, AConnectionThatClosedTooEarlyIsLookedFor) {
  // RFC 8016 §3.2.2: the stream may be gone before the owner's answer: the shell is asked, and says so.
  const std::string ticket = allocate_mobile();
  stream_.sends(refresh().ticket(ticket));
  carry(hearer_, owner_);
  carry(owner_, hearer_);
  EXPECT_THAT(hearer_.says(), ElementsAre("watch 198.51.100.80:6000"));
}

}  // namespace
}  // namespace noom::turn::test
