#include "common/wire/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace noom::wire {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

Preamble read(const std::string& front) {
  return read_proxy_header(as_bytes(front));
}

// A version 2 header: version and command, family and transport, body.
std::string binary(uint8_t command, uint8_t family, const std::string& body) {
  std::string header = kSignature;
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size());
  return header + body;
}

const std::string kV4Body("\xCB\x00\x71\x05\xC6\x33\x64\x09\xC3\x50\x01\xBB",
                          12);  // 203.0.113.5:50000 198.51.100.9:443

std::string v6_body() {
  const auto source = *IpAddress::parse("2001:db8::5");
  const auto destination = *IpAddress::parse("2001:db8::9");
  std::string body(as_text(source.bytes()));
  body += as_text(destination.bytes());
  return body + std::string("\xC3\x50\x01\xBB", 4);
}

void expect_endpoints(const std::string& header, std::string_view remote, std::string_view local) {
  // Every shorter front is incomplete, and no byte behind the header changes it.
  for (size_t size = 0; size < header.size(); ++size)
    EXPECT_EQ(read(header.substr(0, size)).kind, Preamble::Kind::kIncomplete) << size;
  const Preamble got = read(header + "\x16\x03\x01");
  ASSERT_EQ(got.kind, Preamble::Kind::kWhole);
  EXPECT_EQ(got.size, header.size());
  ASSERT_EQ(got.endpoints.has_value(), !remote.empty());
  if (remote.empty()) return;
  EXPECT_EQ(got.endpoints->remote.to_string(), remote);
  EXPECT_EQ(got.endpoints->local.to_string(), local);
}

void expect_refusal(const std::string& header, ProxyRefusal reason) {
  const Preamble got = read(header);
  ASSERT_EQ(got.kind, Preamble::Kind::kRefused) << header;
  EXPECT_EQ(to_string(static_cast<ProxyRefusal>(got.refusal)), to_string(reason)) << header;
}

TEST(ProxyProtocolV1, NamesClientAndDestination) {
  expect_endpoints("PROXY TCP4 203.0.113.5 198.51.100.9 50000 443\r\n", "203.0.113.5:50000", "198.51.100.9:443");
  expect_endpoints("PROXY TCP6 2001:db8::5 2001:db8::9 50000 443\r\n", "[2001:db8::5]:50000", "[2001:db8::9]:443");
  expect_endpoints("PROXY TCP6 ::ffff:203.0.113.5 ::ffff:198.51.100.9 0 65535\r\n", "203.0.113.5:0",
                   "198.51.100.9:65535");
}

TEST(ProxyProtocolV1, UnknownKeepsTheConnectionsEndpointsWhateverFollows) {
  expect_endpoints("PROXY UNKNOWN\r\n", "", "");
  expect_endpoints("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "", "");
}

TEST(ProxyProtocolV1, TheLongestLineOfTheSpecificationIsTaken) {
  const std::string longest =
      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
  ASSERT_EQ(longest.size(), kProxyLineSizeMax);
  expect_endpoints(longest, "", "");
  expect_refusal("PROXY UNKNOWN" + std::string(kProxyLineSizeMax - 13, ' '), ProxyRefusal::kTooLong);
  expect_refusal("PROXY UNKNOWN" + std::string(kProxyLineSizeMax - 14, ' ') + "\r\n", ProxyRefusal::kTooLong);
}

TEST(ProxyProtocolV1, NonsenseIsMalformed) {
  for (const std::string line :
       {"PROXY TCP4", "PROXY TCP4 ", "PROXY TCP4 203.0.113.5 198.51.100.9 50000",
        "PROXY TCP4 203.0.113.5 198.51.100.9 50000 443 ", "PROXY TCP4  203.0.113.5 198.51.100.9 50000 443",
        "PROXY TCP4 2001:db8::5 2001:db8::9 50000 443", "PROXY TCP6 203.0.113.5 198.51.100.9 50000 443",
        "PROXY TCP4 203.0.113.5 198.51.100.9 50000 65536", "PROXY TCP4 203.0.113.5 198.51.100.9 -1 443",
        "PROXY TCP4 203.0.113.5 198.51.100.9 050 443", "PROXY TCP4 203.0.113.5 198.51.100.9 50000 443x",
        "PROXY TCP4 203.0.113.256 198.51.100.9 50000 443", "PROXY TCP4 203.0.113.5 198.51.100.9 50000 443\n"})
    expect_refusal(line + "\r\n", ProxyRefusal::kMalformed);
}

TEST(ProxyProtocolV1, OtherProtocolsAreUnsupported) {
  expect_refusal("PROXY UDP4 203.0.113.5 198.51.100.9 50000 443\r\n", ProxyRefusal::kUnsupported);
  expect_refusal("PROXY tcp4 203.0.113.5 198.51.100.9 50000 443\r\n", ProxyRefusal::kUnsupported);
  expect_refusal("PROXY \r\n", ProxyRefusal::kUnsupported);
}

TEST(ProxyProtocolV2, NamesClientAndDestination) {
  expect_endpoints(binary(0x21, 0x11, kV4Body), "203.0.113.5:50000", "198.51.100.9:443");
  expect_endpoints(binary(0x21, 0x21, v6_body()), "[2001:db8::5]:50000", "[2001:db8::9]:443");
}

TEST(ProxyProtocolV2, TlvsAreSkippedHoweverTheyLook) {
  expect_endpoints(binary(0x21, 0x11, kV4Body + std::string("\x03\x00\x04\x01\x02\x03\x04", 7)), "203.0.113.5:50000",
                   "198.51.100.9:443");
  expect_endpoints(binary(0x21, 0x11, kV4Body + std::string(1000, '\xFF')), "203.0.113.5:50000", "198.51.100.9:443");
}

TEST(ProxyProtocolV2, LocalAndUnspecKeepTheConnectionsEndpoints) {
  expect_endpoints(binary(0x20, 0x00, ""), "", "");
  expect_endpoints(binary(0x20, 0x11, kV4Body), "", "");
  expect_endpoints(binary(0x20, 0x99, "whatever"), "", "");
  expect_endpoints(binary(0x21, 0x00, kV4Body), "", "");
}

TEST(ProxyProtocolV2, ABodyTooShortForItsAddressesIsMalformed) {
  expect_refusal(binary(0x21, 0x11, kV4Body.substr(1)), ProxyRefusal::kMalformed);
  expect_refusal(binary(0x21, 0x21, v6_body().substr(1)), ProxyRefusal::kMalformed);
}

TEST(ProxyProtocolV2, OtherVersionsCommandsFamiliesAndTransportsAreUnsupported) {
  for (const int command : {0x00, 0x11, 0x22, 0x2F, 0x31})
    expect_refusal(binary(static_cast<uint8_t>(command), 0x11, kV4Body), ProxyRefusal::kUnsupported);
  for (const int family : {0x01, 0x10, 0x12, 0x22, 0x31, 0x32, 0x41, 0xFF})
    expect_refusal(binary(0x21, static_cast<uint8_t>(family), v6_body()), ProxyRefusal::kUnsupported);
}

TEST(ProxyProtocolV2, ALengthBeyondTheLimitIsRefusedBeforeItHasCome) {
  expect_endpoints(binary(0x21, 0x11, kV4Body + std::string(kPreambleSizeMax - 28, 't')), "203.0.113.5:50000",
                   "198.51.100.9:443");
  expect_refusal(binary(0x21, 0x11, std::string(kPreambleSizeMax - 15, 't')).substr(0, 16), ProxyRefusal::kTooLong);
}

TEST(ProxyProtocol, AnyOtherBeginningIsMissingAHeaderAtItsFirstStrangeByte) {
  for (const std::string& front : {std::string("\x00\x01", 2), std::string("\x16\x03\x01"), std::string("GET /"),
                                   std::string("PROXI"), std::string("\r\n\r\n\r"), std::string("proxy ")})
    expect_refusal(front, ProxyRefusal::kMissing);
}

}  // namespace
}  // namespace noom::wire
