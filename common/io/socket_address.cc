#include "common/io/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace noom::io {

socklen_t to_sockaddr(const IpEndpoint& endpoint, SocketAddress& address) {
  const std::span<const std::byte> bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    address.v4 = {};
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(endpoint.port);
    std::memcpy(&address.v4.sin_addr, bytes.data(), sizeof(address.v4.sin_addr));
    return sizeof(address.v4);
  }
  address.v6 = {};
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(endpoint.port);
  std::memcpy(&address.v6.sin6_addr, bytes.data(), sizeof(address.v6.sin6_addr));
  return sizeof(address.v6);
}

IpEndpoint from_sockaddr(const SocketAddress& address) {
  if (address.generic.sa_family == AF_INET) {
    return {IpAddress::v4(std::as_bytes(std::span(&address.v4.sin_addr, 1)).first<4>()), ntohs(address.v4.sin_port)};
  }
  if (address.generic.sa_family == AF_INET6) {
    return {IpAddress::v6(std::as_bytes(std::span(&address.v6.sin6_addr, 1)).first<16>()), ntohs(address.v6.sin6_port)};
  }
  return {};
}

bool is_wildcard(const IpAddress& address) {
  return std::ranges::all_of(address.bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

IpEndpoint bound_endpoint(int fd) {
  SocketAddress address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, &address.generic, &size) != 0) return {};
  return from_sockaddr(address);
}

IpEndpoint peer_endpoint(int fd) {
  SocketAddress address{};
  socklen_t size = sizeof(address);
  return ::getpeername(fd, &address.generic, &size) == 0 ? from_sockaddr(address) : IpEndpoint();
}

}  // namespace noom::io
