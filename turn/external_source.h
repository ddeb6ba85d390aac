// Where an external address comes from, as relay.external_addresses has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/endpoint.h"

namespace noom::turn {

struct ExternalSource {
  enum class Kind : uint8_t { kAddress, kName, kStun };
  Kind kind = Kind::kAddress;
  IpAddress address;  // kAddress
  std::string host;   // kName, kStun: a DNS name; for kStun an address without brackets too
  uint16_t port = 0;  // kStun

  bool is_looked_up() const { return kind != Kind::kAddress; }
  // "192.0.2.1", "relay.example.org", "stun://stun.example.org", "stun://192.0.2.1:3478" or
  // "stun://[2001:db8::1]:3478". A name has a letter in its last label.
  static std::optional<ExternalSource> parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const ExternalSource&, const ExternalSource&) = default;
};

}  // namespace noom::turn
