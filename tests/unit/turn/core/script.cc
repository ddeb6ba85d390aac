#include "tests/unit/turn/core/script.h"

#include <utility>

#include "common/wire/channel_data.h"

namespace noom::turn::test {
namespace {

const Wall kStart{seconds(1'700'000'000)};

}  // namespace

Client::Client(Script& script, FiveTuple tuple, std::string username, std::string password)
    : script_(&script), tuple_(tuple), username_(std::move(username)), password_(std::move(password)) {
  script.learn_key(username_, password_);
}
Credentials Client::credentials() const {
  const auto key = auth::long_term_key_md5(username_, script_->settings.realm, password_);
  return {.username = username_,
          .realm = script_->settings.realm,
          .nonce = script_->shared->nonces.issue(script_->now().wall, tuple_.client.address,
                                                 {.password_algorithms = {.md5 = true, .sha256 = true}}),
          .key = std::string(key.reveal())};
}
Credentials Client::credentials(wire::PasswordAlgorithm chosen, wire::PasswordAlgorithmSet offered) const {
  Credentials credentials = this->credentials();
  credentials.nonce = script_->shared->nonces.issue(script_->now().wall, tuple_.client.address, {offered, false});
  credentials.key = auth::long_term_key(chosen, username_, script_->settings.realm, password_).reveal();
  credentials.sha256 = true;
  credentials.algorithms = as_text(wire::password_algorithms_value(offered));
  credentials.algorithm = as_text(wire::password_algorithms_value(
      {.md5 = chosen == wire::PasswordAlgorithm::kMd5, .sha256 = chosen == wire::PasswordAlgorithm::kSha256}));
  return credentials;
}
void Client::sends(const Ask& ask) {
  sends(ask, credentials());
}
void Client::sends(const Ask& ask, const Credentials& credentials) {
  sends(ask.bytes(credentials));
}
void Client::sends_unsigned(const Ask& ask) {
  sends(ask.bytes());
}
void Client::sends(std::vector<std::byte> bytes) {
  script_->gets(tuple_, std::move(bytes));
}
void Client::allocates(const Ask& ask) {
  sends(ask);
  ASSERT_EQ(script_->commands().size(), 1u) << "no relay was asked for";
  script_->opened(std::get<OpenRelay>(script_->commands().back()).relay.index);
  script_->forget();
}
void Client::permits(std::string_view peer) {
  sends(create_permission().peer(peer));
  EXPECT_THAT(script_->says(), ElementsAre(name() + " <- create_permission success integrity"));
}
void Client::binds(uint16_t number, std::string_view peer) {
  sends(channel_bind().channel(number).peer(peer));
  EXPECT_THAT(script_->says(), ElementsAre(name() + " <- channel_bind success integrity"));
}
void Client::closes() {
  script_->closed(tuple_);
}

Script::Script()
    : shared(std::make_shared<Shared>(Secret("sixteen bytes or more"), seconds(3600))),
      now_{Mono{seconds(1000)}, kStart} {
  settings.realm = "noom.test";
  settings.relay_addresses = {{address("203.0.113.1"), address("203.0.113.1")},
                              {address("2001:db8::1"), address("2001:db8::1")}};
  users.add_user("alice", Secret("wonderland"));
  users.add_user("bob", Secret("builder"));
}

Client Script::client(std::string_view from, Transport transport, std::string username, std::string password) {
  const FiveTuple tuple{endpoint(from), endpoint("203.0.113.1:3478"), transport, 0};
  return {*this, tuple, std::move(username), std::move(password)};
}
Client Script::client_v6(std::string_view from) {
  return {*this, {endpoint(from), endpoint("[2001:db8::1]:3478"), Transport::kUdp, 0}, "alice", "wonderland"};
}

Server& Script::server() {
  if (server_ == nullptr) {
    std::vector<IpAddress> own;
    for (const RelayAddress& relay : settings.relay_addresses) own.push_back(relay.local);
    users.add_realm(settings.realm);
    settings.credentials = std::make_shared<const auth::CredentialStore>(std::move(users));
    settings.peer_policy = std::make_shared<const auth::PeerPolicy>(allow, deny, own);
    server_ = std::make_unique<Server>(shard, std::make_shared<const Settings>(settings), shared, random_);
  }
  return *server_;
}

void Script::when(seconds at) {
  const Mono goal = Mono{seconds(1000)} + at;
  while (server().next_deadline() && *server().next_deadline() <= goal) {
    const Duration step = *server().next_deadline() - now_.mono;
    now_ = {now_.mono + step, now_.wall + step};
    server().on_tick(now_, output_);
    ASSERT_TRUE(!server().next_deadline() || *server().next_deadline() > now_.mono) << "a deadline stays due";
  }
  jump(at);
}
void Script::jump(seconds at) {
  now_ = {Mono{seconds(1000)} + at, kStart + at};
}

MutableBytes Script::keep(std::vector<std::byte> bytes) {
  kept_.push_back(std::move(bytes));
  return kept_.back();
}
void Script::gets(const FiveTuple& client, std::vector<std::byte> bytes) {
  server().on_client(now_, client, keep(std::move(bytes)), ip, output_);
  note_commands();
}
void Script::closed(const FiveTuple& client) {
  server().on_client_closed(now_, client, output_);
  note_commands();
}
Restored Script::takes_over(Script& before) {
  now_ = before.now_;
  SavedShard saved = before.server().save(now_.mono);
  Encoder encoder;
  encoder(saved);
  const std::vector<std::byte> bytes = encoder.take();
  Decoder decoder(bytes);
  SavedShard read;
  decoder(read);
  EXPECT_TRUE(decoder.ok() && decoder.at_end());
  const Restored restored = server().restore(now_, std::move(read));
  for (const RestoredRelay& each : restored.relays)
    opened_[each.relay.index] = OpenRelay{each.relay, each.local, false};
  note_commands();
  return restored;
}
void Script::opened(size_t relay) {
  server().on_relay_opened(now_, relay_id(relay), output_);
  note_commands();
}
void Script::open_failed(size_t relay) {
  server().on_relay_open_failed(now_, relay_id(relay), output_);
  note_commands();
}
namespace {
std::vector<std::byte> in_a_room(std::string_view payload) {
  std::vector<std::byte> room(kPeerHeadroom + payload.size() + kPeerTailroom, std::byte{0xee});
  std::ranges::copy(as_bytes(payload), room.begin() + kPeerHeadroom);
  return room;
}
}  // namespace
void Script::peer_sends(size_t relay, std::string_view peer, std::string_view payload) {
  server().on_peer(now_, relay_id(relay), endpoint(peer), keep(in_a_room(payload)), ip, output_);
  note_commands();
}
void Script::icmp(size_t relay, std::string_view peer, const PeerIcmp& icmp) {
  server().on_peer_icmp(now_, relay_id(relay), endpoint(peer), icmp, output_);
  note_commands();
}
void Script::handed_over(const IpEndpoint& to, const IpEndpoint& from, std::string_view payload) {
  server().on_handover(now_, to, from, keep(in_a_room(payload)), ip, output_);
  note_commands();
}

void Script::told(const ShardMessage& message) {
  server().on_shard_message(now_, message, output_);
  note_commands();
}

void Script::forwarded(const FiveTuple& client, uint32_t from, std::vector<std::byte> bytes) {
  server().on_forwarded(now_, client, from, keep(std::move(bytes)), {}, output_);
  note_commands();
}

void Script::connected(uint32_t connection) {
  server().on_peer_connected(now_, connection_id(connection), output_);
  note_commands();
}
void Script::connect_failed(uint32_t connection) {
  server().on_peer_connect_failed(now_, connection_id(connection), output_);
  note_commands();
}
bool Script::accepted(size_t relay, std::string_view peer) {
  const auto id = server().on_peer_accepted(now_, relay_id(relay), endpoint(peer), output_);
  if (id) connections_[id->index] = *id;
  note_commands();
  return id.has_value();
}
void Script::peer_closed(uint32_t connection) {
  server().on_peer_closed(now_, connection_id(connection), output_);
  note_commands();
}

void Script::note_numbers() {
  for (const ToClient& datagram : output_.to_clients) {
    const auto message = wire::MessageView::parse(datagram.bytes);
    if (message && message->has(Attr::kConnectionId)) number_ = message->u32(Attr::kConnectionId).value();
  }
}
void Script::note_commands() {
  note_numbers();
  for (const Command& command : output_.commands) {
    if (const auto* open = std::get_if<OpenRelay>(&command)) opened_[open->relay.index] = *open;
    if (const auto* connect = std::get_if<ConnectPeer>(&command))
      connections_[connect->connection.index] = connect->connection;
    const auto* tell = std::get_if<TellShard>(&command);
    if (const auto* find = tell == nullptr ? nullptr : std::get_if<FindTcpRelay>(&tell->message))
      connections_[find->connection.index] = find->connection;
  }
  check_accounting();
}
void Script::check_accounting() {
  const Stats& s = stats();
  ASSERT_EQ(s.received(), s.forwarded() + s.consumed.value() + s.drops.sum());
}

IpEndpoint Script::relayed(size_t relay) const {
  const IpEndpoint local = opened_.at(relay).local;
  for (const RelayAddress& candidate : settings.relay_addresses)
    if (candidate.local == local.address) return {candidate.external, local.port};
  return {};
}

void Script::learn_key(std::string_view username, std::string_view password) {
  keys_.emplace_back(auth::long_term_key_md5(username, settings.realm, password).reveal());
  keys_.emplace_back(auth::long_term_key_sha256(username, settings.realm, password).reveal());
}

std::vector<std::string> Script::says() {
  std::vector<std::string> lines;
  for (const Command& command : output_.commands) lines.push_back(render(command));
  for (const ToClient& datagram : output_.to_clients) lines.push_back(render(datagram));
  for (const ToPeer& datagram : output_.to_peers)
    lines.push_back("#" + std::to_string(datagram.relay.index) + " -> " + render(datagram.peer) + " '" +
                    std::string(as_text(datagram.bytes)) + "'" + (datagram.dont_fragment ? " whole" : "") +
                    render(datagram.ip));
  output_.clear();
  kept_.clear();
  return lines;
}

}  // namespace noom::turn::test
