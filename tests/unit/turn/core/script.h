// A core test is a script: inputs with times, then the exact outputs as text, and nothing left over. No sleeps, no
// ports.
//
//   Script script;
//   Client alice = script.client("198.51.100.7:4000");
//   alice.sends(allocate());
//   EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
//   script.opened(0);
//   EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 lifetime=600
//   …"));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/message.h"
#include "tests/unit/turn/core/ask.h"
#include "turn/core/server.h"

namespace noom::turn::test {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

inline IpEndpoint endpoint(std::string_view text) {
  return IpEndpoint::parse(text).value();
}
inline IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

class Script;

// A user at a five-tuple. Copyable; the script it belongs to outlives it.
class Client {
 public:
  Client(Script& script, FiveTuple tuple, std::string username, std::string password);

  void sends(const Ask& ask);  // signed, with a fresh nonce
  void sends(const Ask& ask, const Credentials& credentials);
  void sends_unsigned(const Ask& ask);
  void sends(std::vector<std::byte> bytes);
  void allocates(const Ask& ask = allocate());  // and the relay opens; what was said is thrown away
  void permits(std::string_view peer);          // likewise
  void binds(uint16_t number, std::string_view peer);
  void closes();

  Credentials credentials() const;  // good ones, with a fresh nonce
  // As a client of RFC 8489 makes them, with the algorithm it chose; `offered` was the list beside the nonce.
  Credentials credentials(wire::PasswordAlgorithm chosen, wire::PasswordAlgorithmSet offered = {true, true}) const;
  const FiveTuple& tuple() const { return tuple_; }
  std::string name() const { return tuple_.client.to_string(); }

 private:
  Script* script_;
  FiveTuple tuple_;
  std::string username_;
  std::string password_;
};

// One shard under test. Settings and users may be changed until the first input. Every input ends by checking that the
// accounting closes.
class Script {
 public:
  Script();

  Settings settings;
  auth::CredentialStore users;
  uint32_t shard = 0;
  std::vector<auth::IpPrefix> allow;
  std::vector<auth::IpPrefix> deny;
  std::shared_ptr<Shared> shared;
  IpFields ip;  // of all datagrams from now on

  Client client(std::string_view from, Transport transport = Transport::kUdp, std::string username = "alice",
                std::string password = "wonderland");
  Client client_v6(std::string_view from);

  // Lets time pass up to `at` after the start, obeying every deadline on the way.
  void when(seconds at);
  // The same without the shell's timer: what is over must be over all the same.
  void jump(seconds at);
  Now now() const { return now_; }

  // Begins where the other one ends, through bytes.
  Restored takes_over(Script& before);
  void opened(size_t relay);
  void open_failed(size_t relay);
  void peer_sends(size_t relay, std::string_view peer, std::string_view payload);
  void icmp(size_t relay, std::string_view peer, const PeerIcmp& icmp);
  void connected(uint32_t connection);
  void connect_failed(uint32_t connection);
  // Whether the connection may stay open.
  bool accepted(size_t relay, std::string_view peer);
  void peer_closed(uint32_t connection);
  void handed_over(const IpEndpoint& to, const IpEndpoint& from, std::string_view payload);
  void told(const ShardMessage& message);
  void forwarded(const FiveTuple& client, uint32_t shard, std::vector<std::byte> bytes);
  void gets(const FiveTuple& client, std::vector<std::byte> bytes);
  void closed(const FiveTuple& client);

  std::vector<std::string> says();   // commands, then datagrams to clients, then to peers; and forgets them
  std::vector<std::string> tells();  // events likewise, before says()
  void forget() { says(); }
  IpEndpoint relayed(size_t relay) const;  // as clients know it
  RelayId relay_id(size_t relay) const { return opened_.at(relay).relay; }
  PeerConnectionId connection_id(uint32_t index) const { return connections_.at(index); }
  // The CONNECTION-ID that a client was told last; says() shows all of them as "id".
  uint32_t number() const { return number_; }

  Server& server();
  const Stats& stats() { return server().stats(); }
  uint64_t dropped(Drop reason) { return stats().drops[reason].value(); }
  uint64_t refused(Reason reason) { return stats().refusals[reason].value(); }
  std::vector<Command>& commands() { return output_.commands; }
  const std::vector<ToClient>& to_clients() const { return output_.to_clients; }
  Output& output() { return output_; }
  void learn_key(std::string_view username, std::string_view password);
  std::string render(const IpEndpoint& endpoint) const;

 private:
  MutableBytes keep(std::vector<std::byte> bytes);
  void note_commands();
  void note_numbers();
  void check_accounting();
  std::string render(const Command& command) const;
  std::string render(const std::vector<IpEndpoint>& endpoints) const;
  std::string render(const ToClient& datagram) const;
  std::string render_stun(Bytes bytes) const;
  static std::string render(const IpFields& fields);

  SeededRandom random_{7};
  Now now_;
  std::unique_ptr<Server> server_;
  Output output_;
  std::deque<std::vector<std::byte>> kept_;
  std::map<size_t, OpenRelay> opened_;                // by index, the last OpenRelay for it
  std::map<uint32_t, PeerConnectionId> connections_;  // by index, the latest
  uint32_t number_ = 0;
  std::vector<std::string> keys_;
};

}  // namespace noom::turn::test
