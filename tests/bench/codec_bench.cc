// What parsing, authenticating and answering cost a core, in nanoseconds: no sockets, one thread. Numbers of one run
// compare with each other only.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "common/auth/credentials.h"
#include "common/auth/nonce.h"
#include "common/auth/peer_policy.h"
#include "common/wire/binding.h"
#include "common/wire/channel_data.h"
#include "common/wire/integrity.h"
#include "common/wire/message_builder.h"
#include "common/wire/stream_deframer.h"

namespace {

using namespace noom;
using Clock = std::chrono::steady_clock;

constexpr Wall kNow = Wall(std::chrono::seconds(1'700'000'000));
constexpr int kRounds = 5;
constexpr int kRepeats = 100'000;

template <typename T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

// The fastest of a few rounds: what disturbs a round only slows it.
template <typename Work>
void measure(const char* what, Work work) {
  double best_ns = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < kRepeats; ++i) keep(work());
    best_ns = std::min(best_ns, std::chrono::duration<double, std::nano>(Clock::now() - start).count() / kRepeats);
  }
  std::printf("%-44s %8.0f ns\n", what, best_ns);
}

// A request as a client sends it after the challenge.
Bytes build_allocate(MutableBytes room, std::string_view username, std::string_view nonce, Bytes key) {
  wire::MessageBuilder builder(room, wire::Method::kAllocate, wire::Class::kRequest, wire::TransactionId{});
  builder.u32(wire::Attr::kRequestedTransport, uint32_t{wire::kProtocolUdp} << 24)
      .u32(wire::Attr::kLifetime, 600)
      .text(wire::Attr::kUsername, username)
      .text(wire::Attr::kRealm, "example.org")
      .text(wire::Attr::kNonce, nonce)
      .message_integrity(key)
      .fingerprint();
  return builder.finish();
}

}  // namespace

int main() {
  const IpEndpoint client = *IpEndpoint::parse("203.0.113.7:49152");
  const auto minted = auth::mint_rest_credentials(Secret("north"), "alice", kNow + std::chrono::hours(1));
  const Secret key = auth::long_term_key_md5(minted.username, "example.org", minted.password);
  const auth::NonceIssuer nonces(Secret("sixteen byte key"), std::chrono::hours(1));
  const std::string nonce = nonces.issue(kNow, client.address, {});
  auth::CredentialStore store;
  store.add_rest_secret(Secret("north"));
  const auth::PeerPolicy policy({}, {}, {IpAddress::v4(198, 51, 100, 1)});

  std::vector<std::byte> request_room(512), answer_room(512);
  const Bytes allocate = build_allocate(request_room, minted.username, nonce, key.bytes());
  const auto message = *wire::MessageView::parse(allocate);
  const std::array<std::byte, wire::kHeaderSize> binding_bytes = [] {
    std::array<std::byte, wire::kHeaderSize> bytes{};
    wire::MessageBuilder(bytes, wire::Method::kBinding, wire::Class::kRequest, wire::TransactionId{}).finish();
    return bytes;
  }();
  std::vector<std::byte> channel_data(164);
  wire::write_channel_header(std::span(channel_data).first<wire::kChannelHeaderSize>(), 0x4001, 160);

  std::printf("Allocate of %zu bytes\n", allocate.size());
  measure("ChannelData: parse", [&] { return wire::parse_channel_data(channel_data); });
  measure("ChannelData: cut from a stream", [&] { return wire::next_frame(channel_data); });
  measure("Binding: parse and answer",
          [&] { return wire::answer_binding(*wire::MessageView::parse(binding_bytes), client, false, answer_room); });
  measure("Allocate: parse", [&] { return wire::MessageView::parse(allocate); });
  measure("Allocate: check FINGERPRINT", [&] { return wire::check_fingerprint(message); });
  measure("Allocate: check MESSAGE-INTEGRITY", [&] { return wire::check_message_integrity(message, key.bytes()); });
  measure("Nonce: issue", [&] { return nonces.issue(kNow, client.address, {}).size(); });
  measure("Nonce: accept", [&] { return nonces.accept(nonce, kNow, client.address); });
  measure("Time-limited credentials: key",
          [&] { return store.accounts(minted.username, "example.org", auth::PasswordAlgorithm::kMd5, kNow).size(); });
  measure("Peer policy: check", [&] { return policy.check(client.address).allowed; });
  measure("Allocate: authenticate in all", [&] {
    const auto parsed = wire::MessageView::parse(allocate);
    const bool fresh = nonces.accept(*parsed->text(wire::Attr::kNonce), kNow, client.address);
    const auto accounts =
        store.accounts(*parsed->text(wire::Attr::kUsername), "example.org", auth::PasswordAlgorithm::kMd5, kNow);
    return fresh && wire::check_message_integrity(*parsed, accounts[0].key.bytes()) == wire::Check::kValid;
  });
  measure("Allocate: build with integrity",
          [&] { return build_allocate(answer_room, minted.username, nonce, key.bytes()).size(); });
  return 0;
}
