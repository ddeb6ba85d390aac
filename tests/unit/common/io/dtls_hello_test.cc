#include "common/io/dtls_hello.h"

#include <gtest/gtest.h>

#include "tests/unit/common/io/dtls_peer.h"

namespace noom::io {
namespace {

std::string hello_of_openssl() {
  DtlsPeer peer;
  peer.connect();
  return peer.take_one();
}

TEST(DtlsHello, ReadsTheHeadOfAClientHello) {
  const std::string hello = hello_of_openssl();
  const auto parsed = parse_client_hello(as_bytes(hello));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->version, 0xfefd);
  EXPECT_EQ(parsed->record_sequence, 0u);
  EXPECT_EQ(as_text(parsed->random), std::string_view(hello).substr(13 + 12 + 2, 32));
  EXPECT_TRUE(parsed->session_id.empty());
  EXPECT_TRUE(parsed->cookie.empty());
}

TEST(DtlsHello, EveryTruncationIsRefused) {
  const std::string hello = hello_of_openssl();
  for (size_t size = 0; size < hello.size(); ++size) {
    EXPECT_FALSE(parse_client_hello(as_bytes(std::string_view(hello).substr(0, size)))) << size;
  }
}

TEST(DtlsHello, TheFirstFragmentIsEnoughOnceTheCookieIsInIt) {
  // RFC 6347 §4.2.3: fragment_offset and fragment_length are of the message whose length stands before them.
  const std::string hello = hello_of_openssl();
  const size_t head = 2 + 32 + 1 + 1;
  for (const size_t size : {head - 1, head, head + 5}) {
    std::string fragment = hello.substr(0, 13 + 12 + size);
    fragment[11] = 0;
    fragment[12] = static_cast<char>(12 + size);
    fragment[22] = 0;
    fragment[23] = 0;
    fragment[24] = static_cast<char>(size);
    EXPECT_EQ(parse_client_hello(as_bytes(fragment)).has_value(), size >= head) << size;
    fragment[21] = 1;  // the offset
    EXPECT_FALSE(parse_client_hello(as_bytes(fragment)));
  }
}

TEST(DtlsHello, TheAnswerTakesOpenSslToItsSecondHello) {
  // RFC 6347 §4.2.1: HelloVerifyRequest has the ClientHello's record number; the second ClientHello the same random.
  DtlsPeer peer;
  peer.connect();
  const std::string first = peer.take_one();
  const auto hello = parse_client_hello(as_bytes(first));
  std::array<std::byte, kHelloVerifyRequestRoom> room;
  const Bytes answer = build_hello_verify_request(room, *hello, as_bytes("0123456789abcdef"));
  EXPECT_LT(answer.size(), first.size());
  peer.deliver(as_text(answer));
  const std::string second = peer.take_one();
  const auto proved = parse_client_hello(as_bytes(second));
  ASSERT_TRUE(proved);
  EXPECT_EQ(as_text(proved->cookie), "0123456789abcdef");
  EXPECT_EQ(as_text(proved->random), as_text(hello->random));
  EXPECT_EQ(proved->record_sequence, 1u);
}

TEST(DtlsHello, NoAnswerIsLongerThanTheShortestHello) {
  const std::string shortest = std::string("\x16\xfe\xfd\x00\x00\x01\x02\x03\x04\x05\x06\x00\x30", 13) +
                               std::string("\x01\x00\x00\x24\x00\x00\x00\x00\x00\x00\x00\x24", 12) +
                               std::string(2 + 32 + 1 + 1, '\0');
  const auto hello = parse_client_hello(as_bytes(shortest));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->record_sequence, 0x010203040506u);
  std::array<std::byte, kHelloVerifyRequestRoom> room;
  const std::string cookie(16, 'c');
  const Bytes answer = build_hello_verify_request(room, *hello, as_bytes(cookie));
  EXPECT_LT(answer.size(), shortest.size());
  EXPECT_EQ(as_text(answer.subspan(5, 6)), std::string_view(shortest).substr(5, 6));
}

TEST(DtlsRecord, RecordsOfADatagramComeOneByOne) {
  const std::string one = std::string("\x17\xfe\xfd\x00\x01\x00\x00\x00\x00\x00\x07\x00\x02", 13) + "ab";
  const std::string two = std::string("\x15\xfe\xfd\x00\x02\x00\x00\x00\x00\x00\x08\x00\x00", 13);
  const std::string datagram = one + two + "rest";
  Bytes bytes = as_bytes(datagram);
  const auto first = next_dtls_record(bytes);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->content, DtlsContent::kApplicationData);
  EXPECT_EQ(first->epoch, 1);
  EXPECT_EQ(first->sequence, 7u);
  EXPECT_EQ(as_text(first->fragment), "ab");
  const auto second = next_dtls_record(bytes);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->content, DtlsContent::kAlert);
  EXPECT_FALSE(next_dtls_record(bytes));
  EXPECT_EQ(as_text(bytes), "rest");
}

}  // namespace
}  // namespace noom::io
