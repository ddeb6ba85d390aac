// Many TURN clients on one socket: each has a source address of its own out of a range that is local to this host as a
// whole, so that one sendmmsg serves them all and the generator costs little beside the server under test. Allocates
// and binds; the traffic is traffic.h.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/endpoint.h"
#include "common/wire/message.h"
#include "common/wire/message_builder.h"

namespace noom::bench {

struct Account {
  std::string username;
  std::string password;
};

// Client i's address: `first` + i. The range must be local: 127.0.0.0/8 is, others by `ip route add local … dev lo`.
struct ClientRange {
  IpAddress first;
  uint32_t count = 0;
};

constexpr uint16_t kChannel = 0x4000;  // every client binds this one

// IPv4 only. Anything unexpected ends the program with a message: a benchmark that goes on would lie.
class TurnClients {
 public:
  TurnClients(IpEndpoint server, ClientRange range, Account account);
  ~TurnClients();
  TurnClients(const TurnClients&) = delete;
  TurnClients& operator=(const TurnClients&) = delete;

  // Tries for ten seconds at first, so that a server may still be starting.
  void allocate_all();
  void bind_all(const IpEndpoint& peer);

  int socket() const { return socket_; }
  uint32_t count() const { return range_.count; }
  in_addr source_of(uint32_t client) const;
  const sockaddr_in& server() const { return server_; }
  const std::vector<sockaddr_in>& relayed() const { return relayed_; }

 private:
  // What a request says, and what its success tells.
  using Fill = std::function<void(uint32_t client, wire::MessageBuilder&)>;
  using Learn = std::function<void(uint32_t client, const wire::MessageView&)>;
  // As every client does: ask, be challenged, ask again. kWindow clients at a time.
  void ask_all(wire::Method method, const Fill& fill, const Learn& learn);
  struct Challenge {
    std::string realm;
    std::string nonce;
  };
  struct Exchange {
    std::vector<std::byte> request;
    std::vector<std::byte> answer;  // empty until it is there
  };
  void exchange(uint32_t first, std::vector<Exchange>& window);
  void send_request(uint32_t client, const std::vector<std::byte>& request);
  std::vector<std::byte> build(uint32_t client, wire::Method method, const Fill& fill, const Challenge* challenge);
  std::string key_for(const std::string& realm);

  int socket_;
  sockaddr_in server_;
  ClientRange range_;
  Account account_;
  std::string realm_;  // of key_
  std::string key_;
  uint32_t next_id_ = 1;
  std::vector<sockaddr_in> relayed_;
  std::vector<std::byte> received_;
};

// An IPv4 datagram socket bound to `local` with large buffers.
int open_udp(const sockaddr_in& local);
sockaddr_in to_sockaddr(const IpEndpoint& endpoint);

// Control data that makes a datagram leave from `source` (IP_PKTINFO).
struct SourceControl {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(in_pktinfo))];
  void set(in_addr source);
  void attach(msghdr& header) {
    header.msg_control = bytes;
    header.msg_controllen = sizeof(bytes);
  }
};

}  // namespace noom::bench
