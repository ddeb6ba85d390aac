// The PROXY protocol, versions 1 (text) and 2 (binary), as HAProxy's doc/proxy-protocol.txt has it: a header with which
// a proxy says for whom it connects. Whether a peer may say so is not decided here.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/preamble.h"

namespace noom::wire {

enum class ProxyRefusal : uint8_t {
  kMissing,      // the bytes are another protocol's
  kMalformed,    // a header that contradicts itself or the text format
  kTooLong,      // version 1: no end of line within 107 bytes; version 2: more than kPreambleSizeMax
  kUnsupported,  // a version, command, address family or transport that no client of a stream can have
  kCount,
};
std::string_view to_string(ProxyRefusal refusal);

constexpr size_t kProxyLineSizeMax = 107;  // §2.1, CRLF included

// Endpoints are absent for LOCAL (the proxy speaks for itself: health checks), UNKNOWN and UNSPEC. IPv4-mapped
// addresses come out as IPv4. TLVs are skipped. `refusal` is a ProxyRefusal.
Preamble read_proxy_header(Bytes front);

}  // namespace noom::wire
