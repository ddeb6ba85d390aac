#include "turn/shell/peer_links.h"

#include "common/io/socket_address.h"
#include "turn/shell/limits.h"

namespace noom::turn {

absl::Status PeerLinks::open(RelayId relay, const IpEndpoint& local) {
  auto acceptor = io::Acceptor::open(context_, local, {.connects = true, .backlog = kRelayBacklog});
  if (!acceptor.ok()) return acceptor.status();
  if (relay.index >= relays_.size()) relays_.resize(relay.index + 1);
  relays_[relay.index] = {relay.generation, *std::move(acceptor)};
  relays_[relay.index].acceptor->start(
      [this, relay](io::Stream::Socket socket) { on_accept(relay, std::move(socket)); });
  return absl::OkStatus();
}

PeerLinks::Relay* PeerLinks::find(RelayId relay) {
  if (relay.index >= relays_.size()) return nullptr;
  Relay& found = relays_[relay.index];
  return found.acceptor != nullptr && found.generation == relay.generation ? &found : nullptr;
}

bool PeerLinks::close(RelayId relay) {
  Relay* const found = find(relay);
  if (found == nullptr) return false;
  found->acceptor.reset();
  return true;
}

std::shared_ptr<PeerLink>& PeerLinks::place_of(PeerConnectionId id) {
  if (id.index >= links_.size()) links_.resize(id.index + 1);
  return links_[id.index];
}

void PeerLinks::on_accept(RelayId relay, io::Stream::Socket socket) {
  io::SocketAddress address{};
  socklen_t size = sizeof(address);
  if (::getpeername(socket.native_handle(), &address.generic, &size) != 0) return;  // gone again
  const auto id = host_.on_peer_accepted(relay, io::from_sockaddr(address));
  if (!id) return;
  place_of(*id) = std::make_shared<PeerLink>(context_, host_, *id);
  place_of(*id)->accepted(std::move(socket));
}

void PeerLinks::connect(PeerConnectionId id, RelayId relay, const IpEndpoint& peer) {
  const Relay* const from = find(relay);
  place_of(id) = std::make_shared<PeerLink>(context_, host_, id);
  place_of(id)->connect(from == nullptr ? IpEndpoint() : from->acceptor->local(), peer);
}

void PeerLinks::bind(PeerConnectionId id, StreamLeaver client) {
  const std::shared_ptr<PeerLink>& link = place_of(id);
  if (link != nullptr && link->is(id)) link->bind(std::move(client));
}

void PeerLinks::close(PeerConnectionId id) {
  std::shared_ptr<PeerLink>& link = place_of(id);
  if (link == nullptr || !link->is(id)) return;
  link->close();
  link.reset();
}

void PeerLinks::stop() {
  for (Relay& relay : relays_) relay.acceptor.reset();
  for (const std::shared_ptr<PeerLink>& link : links_)
    if (link != nullptr) link->close();
  links_.clear();
}

}  // namespace noom::turn
