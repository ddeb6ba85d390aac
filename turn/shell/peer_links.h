// The TCP relays of one shard: their listening sockets, and the connections with peers, incoming and outgoing.
// RFC 6062.
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "common/io/acceptor.h"
#include "turn/shell/peer_link.h"

namespace noom::turn {

// Single-threaded; the host outlives the io_context's last handler.
class PeerLinks {
 public:
  PeerLinks(boost::asio::io_context& context, PeerHost& host) : context_(context), host_(host) {}

  // Listens at once.
  absl::Status open(RelayId relay, const IpEndpoint& local);
  // False for a relay that is not here. Connections stay; each is closed by its own command.
  bool close(RelayId relay);
  // As the commands of the same names in turn/core/output.h.
  void connect(PeerConnectionId id, RelayId relay, const IpEndpoint& peer);
  void bind(PeerConnectionId id, StreamLeaver client);
  void close(PeerConnectionId id);
  void stop();

 private:
  struct Relay {
    uint32_t generation = 0;
    std::unique_ptr<io::Acceptor> acceptor;
  };

  Relay* find(RelayId relay);
  std::shared_ptr<PeerLink>& place_of(PeerConnectionId id);
  void on_accept(RelayId relay, io::Stream::Socket socket);

  boost::asio::io_context& context_;
  PeerHost& host_;
  std::vector<Relay> relays_;                     // by RelayId index
  std::vector<std::shared_ptr<PeerLink>> links_;  // by PeerConnectionId index; shared with their pending operations
};

}  // namespace noom::turn
