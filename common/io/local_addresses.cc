#include "common/io/local_addresses.h"

#include <absl/strings/str_cat.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "common/io/socket_address.h"

namespace noom::io {

namespace {

bool is_link_local(const IpAddress& address) {
  const std::span<const std::byte> bytes = address.bytes();
  if (address.is_v4()) return bytes[0] == std::byte{169} && bytes[1] == std::byte{254};
  return bytes[0] == std::byte{0xfe} && (bytes[1] & std::byte{0xc0}) == std::byte{0x80};
}

}  // namespace

absl::StatusOr<std::vector<LocalAddress>> local_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot list the host's addresses: ", std::strerror(errno),
                                               "; allow AF_NETLINK (RestrictAddressFamilies) or name the addresses"));
  }
  std::vector<LocalAddress> result;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    SocketAddress address{};
    std::memcpy(&address, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const IpAddress ip = from_sockaddr(address).address;
    result.push_back({.address = ip,
                      .interface = entry->ifa_name,
                      .loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0,
                      .link_local = is_link_local(ip),
                      .up = (entry->ifa_flags & IFF_UP) != 0});
  }
  ::freeifaddrs(list);
  return result;
}

}  // namespace noom::io
