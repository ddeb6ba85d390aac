#include "common/wire/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace noom::wire {
namespace {

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixedSize = 16;  // §2.2: signature, version and command, family and transport, length

enum Command : uint8_t { kLocal = 0x20, kProxy = 0x21 };  // the version in the upper half
enum Carried : uint8_t { kUnspec = 0x00, kTcp4 = 0x11, kTcp6 = 0x21 };

constexpr Preamble kIncomplete{};

Preamble refused(ProxyRefusal reason) {
  return {.kind = Preamble::Kind::kRefused, .refusal = static_cast<uint8_t>(reason)};
}

Preamble whole(size_t size, std::optional<Preamble::Endpoints> endpoints = std::nullopt) {
  return {.kind = Preamble::Kind::kWhole, .size = size, .endpoints = endpoints};
}

// Whether `front` and `start` agree as far as both go.
bool agrees(Bytes front, std::string_view start) {
  const size_t size = std::min(front.size(), start.size());
  return as_text(front.first(size)) == start.substr(0, size);
}

std::string_view take_word(std::string_view& line) {
  const size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space == line.npos ? line.size() : space + 1);
  return word;
}

std::optional<uint16_t> to_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;  // §2.1: no leading zeroes
  return port;
}

std::optional<IpAddress> to_address(std::string_view text, Family family) {
  const auto address = IpAddress::parse(text);
  if (!address || address->family() != family) return std::nullopt;
  return address->unmapped();
}

// §2.1. `line` is what stands between the start and the end of line.
Preamble read_words(std::string_view line, size_t size) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return whole(size);
  if (family != "TCP4" && family != "TCP6") return refused(ProxyRefusal::kUnsupported);
  // Four words and no more: each space but the last is followed by one.
  if (std::count(line.begin(), line.end(), ' ') != 3) return refused(ProxyRefusal::kMalformed);
  const Family wanted = family == "TCP4" ? Family::kV4 : Family::kV6;
  const auto source = to_address(take_word(line), wanted);
  const auto destination = to_address(take_word(line), wanted);
  const auto source_port = to_port(take_word(line));
  const auto destination_port = to_port(take_word(line));
  if (!source || !destination || !source_port || !destination_port) return refused(ProxyRefusal::kMalformed);
  return whole(size, Preamble::Endpoints{{*source, *source_port}, {*destination, *destination_port}});
}

Preamble read_line(Bytes front) {
  const std::string_view text = as_text(front.first(std::min(front.size(), kProxyLineSizeMax)));
  const size_t end = text.find("\r\n");
  if (end == text.npos) return front.size() < kProxyLineSizeMax ? kIncomplete : refused(ProxyRefusal::kTooLong);
  if (end < kLineStart.size()) return refused(ProxyRefusal::kMalformed);
  return read_words(text.substr(kLineStart.size(), end - kLineStart.size()), end + 2);
}

IpAddress read_address(Reader& reader, Family family) {
  if (family == Family::kV4) {
    std::array<std::byte, 4> bytes{};
    std::ranges::copy(reader.take(bytes.size()), bytes.begin());
    return IpAddress::v4(bytes);
  }
  std::array<std::byte, 16> bytes{};
  std::ranges::copy(reader.take(bytes.size()), bytes.begin());
  return IpAddress::v6(bytes).unmapped();
}

// §2.2
Preamble read_binary(Bytes front) {
  if (front.size() < kFixedSize) return kIncomplete;
  Reader reader(front);
  reader.skip(kSignature.size());
  const uint8_t command = reader.u8();
  const uint8_t family = reader.u8();
  const size_t size = kFixedSize + reader.u16();
  if (command != kLocal && command != kProxy) return refused(ProxyRefusal::kUnsupported);
  if (command == kProxy && family != kUnspec && family != kTcp4 && family != kTcp6)
    return refused(ProxyRefusal::kUnsupported);
  if (size > kPreambleSizeMax) return refused(ProxyRefusal::kTooLong);
  if (front.size() < size) return kIncomplete;
  if (command == kLocal || family == kUnspec) return whole(size);
  Reader body(front.first(size).subspan(kFixedSize));
  const Family wanted = family == kTcp4 ? Family::kV4 : Family::kV6;
  if (body.remaining() < (family == kTcp4 ? 12U : 36U)) return refused(ProxyRefusal::kMalformed);
  Preamble::Endpoints endpoints;
  endpoints.remote.address = read_address(body, wanted);
  endpoints.local.address = read_address(body, wanted);
  endpoints.remote.port = body.u16();
  endpoints.local.port = body.u16();
  return whole(size, endpoints);
}

}  // namespace

std::string_view to_string(ProxyRefusal refusal) {
  switch (refusal) {
    case ProxyRefusal::kMissing:
      return "missing";
    case ProxyRefusal::kMalformed:
      return "malformed";
    case ProxyRefusal::kTooLong:
      return "too_long";
    case ProxyRefusal::kUnsupported:
      return "unsupported";
    case ProxyRefusal::kCount:
      break;
  }
  std::abort();
}

Preamble read_proxy_header(Bytes front) {
  if (agrees(front, kLineStart)) return front.size() < kLineStart.size() ? kIncomplete : read_line(front);
  if (agrees(front, kSignature)) return read_binary(front);
  return refused(ProxyRefusal::kMissing);
}

}  // namespace noom::wire
