// The first bytes of DTLS, from anybody: records are found within the datagram, a ClientHello's parts within its
// record, and the answer is shorter than the question.
#include <algorithm>

#include "common/io/dtls_cookie.h"
#include "common/io/dtls_hello.h"
#include "tests/fuzz/property.h"

namespace noom::io {
namespace {

bool within(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_records(Bytes datagram) {
  Bytes rest = datagram;
  while (const auto record = next_dtls_record(rest)) {
    NOOM_PROPERTY(within(record->fragment, datagram));
    NOOM_PROPERTY(within(rest, datagram));
    NOOM_PROPERTY(record->sequence < uint64_t{1} << 48);
    if (const auto message = record->message()) NOOM_PROPERTY(message->length < 1 << 24);
  }
}

void check_hello(Bytes datagram) {
  const auto hello = parse_client_hello(datagram);
  if (!hello) return;
  for (const Bytes part : {hello->random, hello->session_id, hello->cookie}) NOOM_PROPERTY(within(part, datagram));
  NOOM_PROPERTY(hello->random.size() == 32 && hello->session_id.size() <= 32 && hello->cookie.size() <= 255);

  SeededRandom random(1);
  DtlsCookies cookies(random);
  const IpEndpoint client{IpAddress::v4(192, 0, 2, 1), 1};
  NOOM_PROPERTY(!cookies.accept(Mono{}, client, client, *hello));
  const DtlsCookies::Cookie cookie = cookies.make(Mono{}, client, client, *hello);
  std::array<std::byte, kHelloVerifyRequestRoom> room;
  NOOM_PROPERTY(build_hello_verify_request(room, *hello, cookie).size() < datagram.size());
  ClientHello proved = *hello;
  proved.cookie = cookie;
  NOOM_PROPERTY(cookies.accept(Mono{}, client, client, proved));
}

}  // namespace
}  // namespace noom::io

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const noom::Bytes input = std::as_bytes(std::span(data, size));
  noom::io::check_records(input);
  noom::io::check_hello(input);
  return 0;
}
