// Addresses as values: IpAddress, IpEndpoint, Transport, FiveTuple. No sockets, no name resolution.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace noom {

enum class Family : uint8_t { kV4 = 1, kV6 = 2 };  // values as in STUN attributes (RFC 8489 §14.1)

// An IPv4 or IPv6 address, no scope. An IPv4 address occupies the first four bytes, the rest are zero.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  static constexpr IpAddress v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    IpAddress address;
    address.bytes_ = {a, b, c, d};
    return address;
  }
  static IpAddress v4(std::span<const std::byte, 4> bytes);
  static IpAddress v6(std::span<const std::byte, 16> bytes);
  // Dotted quad or RFC 4291 text, without brackets, port, scope or prefix; anything else is nullopt.
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr Family family() const { return family_; }
  constexpr bool is_v4() const { return family_ == Family::kV4; }
  constexpr bool is_v6() const { return family_ == Family::kV6; }
  // 4 or 16 bytes, network order; borrowed from this object.
  std::span<const std::byte> bytes() const;
  // RFC 5952 text.
  std::string to_string() const;
  bool is_unspecified() const { return bytes_ == std::array<uint8_t, 16>{}; }  // 0.0.0.0 or ::
  // ::ffff:a.b.c.d becomes a.b.c.d (RFC 4291 §2.5.5.2); anything else is returned as it is.
  IpAddress unmapped() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(H::combine_contiguous(std::move(h), a.bytes_.data(), a.bytes_.size()), a.family_);
  }

 private:
  std::array<uint8_t, 16> bytes_{};
  Family family_ = Family::kV4;
};

struct IpEndpoint {
  IpAddress address;
  uint16_t port = 0;

  // "192.0.2.1:3478" or "[2001:db8::1]:3478"; anything else is nullopt.
  static std::optional<IpEndpoint> parse(std::string_view text);
  std::string to_string() const;
  friend constexpr auto operator<=>(const IpEndpoint&, const IpEndpoint&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpEndpoint& e) {
    return H::combine(std::move(h), e.address, e.port);
  }
};

enum class Transport : uint8_t { kUdp, kTcp, kTls, kDtls };
constexpr bool is_stream(Transport transport) {
  return transport == Transport::kTcp || transport == Transport::kTls;
}
std::string_view to_string(Transport transport);  // "udp", "tcp", "tls", "dtls"

// RFC 8656 §2: what identifies a client's association with the server. `listener` is the index of the configured
// listener; it follows from `server` and `transport`, and is carried so that neither core nor shell has to look it up.
struct FiveTuple {
  IpEndpoint client;
  IpEndpoint server;
  Transport transport = Transport::kUdp;
  uint8_t listener = 0;

  friend constexpr auto operator<=>(const FiveTuple&, const FiveTuple&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const FiveTuple& t) {
    return H::combine(std::move(h), t.client, t.server, t.transport);
  }
};

}  // namespace noom
