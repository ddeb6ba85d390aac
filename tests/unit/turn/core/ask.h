// What a scripted client says: a STUN message described in one expression, turned into bytes with or without
// credentials.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/message_builder.h"

namespace noom::turn::test {

using wire::Attr;
using wire::Class;
using wire::Method;

// How a message is signed. Empty strings leave their attribute out.
struct Credentials {
  std::string username;
  std::string realm;
  std::string nonce;
  std::string key;      // empty: no integrity
  bool sha256 = false;  // MESSAGE-INTEGRITY-SHA256 instead of MESSAGE-INTEGRITY
  std::string userhash = {};
  std::string algorithms = {};  // PASSWORD-ALGORITHMS, as echoed
  std::string algorithm = {};   // PASSWORD-ALGORITHM
  std::string token = {};       // ACCESS-TOKEN
};

class Ask {
 public:
  explicit Ask(Method method, Class message_class = Class::kRequest) : method_(method), class_(message_class) {}

  Ask& u32(Attr type, uint32_t value) {
    return add([=](wire::MessageBuilder& b) { b.u32(type, value); });
  }
  Ask& raw(Attr type, std::string_view value) {
    return add([type, copy = std::string(value)](wire::MessageBuilder& b) { b.raw(type, as_bytes(copy)); });
  }
  Ask& peer(std::string_view endpoint) {
    return add([e = IpEndpoint::parse(endpoint).value()](auto& b) { b.xor_address(Attr::kXorPeerAddress, e); });
  }
  Ask& peer(const IpEndpoint& endpoint) { return peer(endpoint.to_string()); }
  Ask& lifetime(uint32_t seconds) { return u32(Attr::kLifetime, seconds); }
  Ask& transport(uint8_t protocol) { return u32(Attr::kRequestedTransport, uint32_t{protocol} << 24); }
  Ask& family(uint8_t family) { return u32(Attr::kRequestedAddressFamily, uint32_t{family} << 24); }
  Ask& additional(uint8_t family) { return u32(Attr::kAdditionalAddressFamily, uint32_t{family} << 24); }
  Ask& channel(uint16_t number) { return u32(Attr::kChannelNumber, uint32_t{number} << 16); }
  Ask& data(std::string_view payload) { return raw(Attr::kData, payload); }
  Ask& even_port(bool reserve = false) { return raw(Attr::kEvenPort, std::string(1, reserve ? '\x80' : '\0')); }
  Ask& token(uint64_t token) {
    return add([=](wire::MessageBuilder& b) { b.u64(Attr::kReservationToken, token); });
  }
  Ask& ticket(std::string_view ticket = "") { return raw(Attr::kMobilityTicket, ticket); }
  Ask& connection(uint32_t number) { return u32(Attr::kConnectionId, number); }
  Ask& fingerprint() {
    fingerprint_ = true;
    return *this;
  }
  Ask& id(uint8_t seed) {
    id_.fill(std::byte{seed});
    return *this;
  }

  std::vector<std::byte> bytes(const Credentials& credentials = {}) const {
    std::vector<std::byte> room(4096);
    wire::MessageBuilder builder(room, method_, class_, id_);
    for (const auto& part : parts_) part(builder);
    if (!credentials.username.empty()) builder.text(Attr::kUsername, credentials.username);
    if (!credentials.userhash.empty()) builder.raw(Attr::kUserhash, as_bytes(credentials.userhash));
    if (!credentials.realm.empty()) builder.text(Attr::kRealm, credentials.realm);
    if (!credentials.nonce.empty()) builder.text(Attr::kNonce, credentials.nonce);
    if (!credentials.token.empty()) builder.raw(Attr::kAccessToken, as_bytes(credentials.token));
    if (!credentials.algorithms.empty()) builder.raw(Attr::kPasswordAlgorithms, as_bytes(credentials.algorithms));
    if (!credentials.algorithm.empty()) builder.raw(Attr::kPasswordAlgorithm, as_bytes(credentials.algorithm));
    if (!credentials.key.empty() && credentials.sha256) builder.message_integrity_sha256(as_bytes(credentials.key));
    if (!credentials.key.empty() && !credentials.sha256) builder.message_integrity(as_bytes(credentials.key));
    if (fingerprint_) builder.fingerprint();
    const Bytes whole = builder.finish();
    return {whole.begin(), whole.end()};  // exactly as long: reading or writing beyond is caught
  }

 private:
  Ask& add(std::function<void(wire::MessageBuilder&)> part) {
    parts_.push_back(std::move(part));
    return *this;
  }
  Method method_;
  Class class_;
  bool fingerprint_ = false;
  wire::TransactionId id_{std::byte{1}};
  std::vector<std::function<void(wire::MessageBuilder&)>> parts_;
};

inline Ask allocate() {
  return Ask(Method::kAllocate).transport(wire::kProtocolUdp);
}
inline Ask allocate_tcp() {
  return Ask(Method::kAllocate).transport(wire::kProtocolTcp);
}
inline Ask connect(std::string_view peer) {
  return Ask(Method::kConnect).peer(peer);
}
inline Ask connection_bind(uint32_t number) {
  return Ask(Method::kConnectionBind).connection(number);
}
inline Ask refresh() {
  return Ask(Method::kRefresh);
}
inline Ask create_permission() {
  return Ask(Method::kCreatePermission);
}
inline Ask channel_bind() {
  return Ask(Method::kChannelBind);
}
inline Ask send() {
  return Ask(Method::kSend, Class::kIndication);
}
inline Ask binding() {
  return Ask(Method::kBinding);
}

// A ChannelData message as it travels in a datagram.
inline std::vector<std::byte> channel_data(uint16_t number, std::string_view payload) {
  std::vector<std::byte> bytes(4 + payload.size());
  store_be<uint16_t>(bytes.data(), number);
  store_be<uint16_t>(bytes.data() + 2, static_cast<uint16_t>(payload.size()));
  std::ranges::copy(as_bytes(payload), bytes.begin() + 4);
  return bytes;
}

}  // namespace noom::turn::test
