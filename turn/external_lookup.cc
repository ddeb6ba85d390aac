#include "turn/external_lookup.h"

#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "common/io/clocks.h"
#include "common/io/fd.h"
#include "common/io/socket_address.h"
#include "common/io/system_random.h"
#include "common/wire/message.h"
#include "common/wire/message_builder.h"

namespace noom::turn {
namespace {

// RFC 8489 §6.2.1 with fewer and earlier retransmissions: the next look-up comes soon enough.
constexpr std::array<std::chrono::milliseconds, 4> kWaits = {
    std::chrono::milliseconds(500), std::chrono::milliseconds(1000), std::chrono::milliseconds(2000),
    std::chrono::milliseconds(500)};

absl::Status system_error(std::string_view what) {
  return absl::UnavailableError(absl::StrCat(absl::string_view(what.data(), what.size()), ": ", std::strerror(errno)));
}

absl::StatusOr<std::vector<IpAddress>> resolve(const std::string& host, Family family) {
  addrinfo hints{};
  hints.ai_family = family == Family::kV4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* raw = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &raw);
  if (error != 0)
    return absl::UnavailableError(
        absl::StrCat(host, ": ", error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
  std::vector<IpAddress> found;
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    io::SocketAddress address;
    std::memcpy(&address, each->ai_addr, std::min<size_t>(each->ai_addrlen, sizeof(address)));
    found.push_back(io::from_sockaddr(address).address);
  }
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  if (found.empty()) return absl::NotFoundError(absl::StrCat(host, ": no address"));
  return found;
}

// The mapped address of an answer to that request; nothing for anything else.
std::optional<IpAddress> mapped_address(Bytes datagram, const wire::TransactionId& id) {
  const auto message = wire::MessageView::parse(datagram);
  if (!message || message->method() != wire::Method::kBinding || message->message_class() != wire::Class::kSuccess ||
      message->transaction_id() != id)
    return std::nullopt;
  const auto mapped = message->xor_address(wire::Attr::kXorMappedAddress);
  return mapped ? std::optional(mapped->address.unmapped()) : std::nullopt;
}

absl::StatusOr<IpAddress> ask(const IpEndpoint& server, const IpAddress& local) {
  io::SocketAddress from;
  io::SocketAddress to;
  const socklen_t from_size = io::to_sockaddr({local, 0}, from);
  const socklen_t to_size = io::to_sockaddr(server, to);
  const io::Fd socket(::socket(from.generic.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("socket");
  if (::bind(socket.get(), &from.generic, from_size) != 0) return system_error("bind to " + local.to_string());
  // Connected: answers come from the server alone, and ICMP errors reach us.
  if (::connect(socket.get(), &to.generic, to_size) != 0) return system_error("connect to " + server.to_string());

  wire::TransactionId id;
  io::SystemRandom random;
  random.fill(id);
  std::array<std::byte, wire::kHeaderSize> room;
  const Bytes request = wire::MessageBuilder(room, wire::Method::kBinding, wire::Class::kRequest, id).finish();
  for (const auto wait : kWaits) {
    if (::send(socket.get(), request.data(), request.size(), 0) < 0 && errno != ECONNREFUSED)
      return system_error("send to " + server.to_string());
    const auto until = std::chrono::steady_clock::now() + wait;
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
      pollfd readable{socket.get(), POLLIN, 0};
      if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0) break;
      std::array<std::byte, 1500> answer;
      const ssize_t size = ::recv(socket.get(), answer.data(), answer.size(), 0);
      if (size < 0) {
        if (errno == ECONNREFUSED) return system_error("stun server " + server.to_string());
        continue;
      }
      if (const auto mapped = mapped_address(Bytes(answer).first(static_cast<size_t>(size)), id)) return *mapped;
    }
  }
  return absl::DeadlineExceededError(absl::StrCat("stun server ", server.to_string(), ": no answer"));
}

}  // namespace

absl::StatusOr<std::vector<IpAddress>> look_up_external(const ExternalSource& source, const IpAddress& local) {
  const auto hosts = resolve(source.host, local.family());
  if (!hosts.ok() || source.kind == ExternalSource::Kind::kName) return hosts;
  const auto mapped = ask({hosts->front(), source.port}, local);
  if (!mapped.ok()) return mapped.status();
  if (mapped->family() != local.family())
    return absl::InvalidArgumentError(
        absl::StrCat("stun server ", source.to_string(), " sees an address of another family"));
  return std::vector{*mapped};
}

}  // namespace noom::turn
