// A client that has a MOBILITY-TICKET and the places it may go to, on one shard.
#pragma once

#include <string>

#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {

class MobilityFixture : public testing::Test {
 protected:
  std::string ticket_in_last_answer() {
    const auto message = wire::MessageView::parse(script_.to_clients().back().bytes).value();
    return std::string(as_text(message.find(Attr::kMobilityTicket).value().value));
  }
  // An allocation with a ticket, a permission and a channel for the peer.
  std::string allocate_mobile(Client& client) {
    client.sends(allocate().ticket());
    script_.opened(std::get<OpenRelay>(script_.commands().back()).relay.index);
    const std::string ticket = ticket_in_last_answer();
    script_.forget();
    client.binds(0x4000, kPeer);
    return ticket;
  }
  // The next ticket.
  std::string move(Client& to, const std::string& ticket) {
    to.sends(refresh().ticket(ticket));
    const std::string next = ticket_in_last_answer();
    script_.forget();
    return next;
  }
  std::vector<std::string> when_peer_sends(std::string_view payload) {
    script_.peer_sends(0, kPeer, payload);
    return script_.says();
  }

  static constexpr const char* kPeer = "192.0.2.9:99";
  Script script_;
  Client old_ = script_.client("198.51.100.7:4000");
  Client new_ = script_.client("198.51.100.80:5000");
  Client stream_ = script_.client("198.51.100.7:4000", Transport::kTcp);
};

}  // namespace noom::turn::test
