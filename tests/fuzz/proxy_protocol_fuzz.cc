// A PROXY header is the same however many of its bytes have come: fronts of it are incomplete, and once the reader has
// decided, no further byte changes it.
#include "common/wire/proxy_protocol.h"
#include "tests/fuzz/property.h"

namespace noom::wire {
namespace {

void check_fronts(Bytes input) {
  const Preamble all = read_proxy_header(input);
  bool decided = false;
  for (size_t size = 0; size <= input.size(); ++size) {
    const Preamble front = read_proxy_header(input.first(size));
    NOOM_PROPERTY(!decided || front.kind != Preamble::Kind::kIncomplete);
    decided = front.kind != Preamble::Kind::kIncomplete;
    if (!decided) {
      NOOM_PROPERTY(size < kPreambleSizeMax);
      continue;
    }
    NOOM_PROPERTY(front.kind == all.kind);
    NOOM_PROPERTY(front.size == all.size && front.refusal == all.refusal);
    NOOM_PROPERTY(front.size <= size && front.size <= kPreambleSizeMax);
    NOOM_PROPERTY(front.endpoints.has_value() == all.endpoints.has_value());
    if (!front.endpoints) continue;
    NOOM_PROPERTY(front.kind == Preamble::Kind::kWhole);
    NOOM_PROPERTY(front.endpoints->remote == all.endpoints->remote);
    NOOM_PROPERTY(front.endpoints->local == all.endpoints->local);
  }
}

}  // namespace
}  // namespace noom::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  noom::wire::check_fronts(std::as_bytes(std::span(data, size)));
  return 0;
}
