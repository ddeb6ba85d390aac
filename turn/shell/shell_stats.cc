#include "turn/shell/shell_stats.h"

#include <cstdlib>

namespace noom::turn {

std::string_view to_string(ShellDrop drop) {
  switch (drop) {
    case ShellDrop::kStreamQueueFull:
      return "stream_queue_full";
    case ShellDrop::kStreamGone:
      return "stream_gone";
    case ShellDrop::kDtlsGone:
      return "dtls_gone";
    case ShellDrop::kDtlsTooLong:
      return "dtls_too_long";
    case ShellDrop::kHandoverFull:
      return "handover_full";
    case ShellDrop::kCount:
      break;
  }
  std::abort();
}

std::string_view to_string(StreamEnd end) {
  switch (end) {
    case StreamEnd::kClientClosed:
      return "client_closed";
    case StreamEnd::kHandshakeFailed:
      return "handshake_failed";
    case StreamEnd::kProxyMissing:
      return "proxy_header_missing";
    case StreamEnd::kProxyMalformed:
      return "proxy_header_malformed";
    case StreamEnd::kProxyTooLong:
      return "proxy_header_too_long";
    case StreamEnd::kProxyUnsupported:
      return "proxy_header_unsupported";
    case StreamEnd::kProxyUnexpected:
      return "proxy_header_unexpected";
    case StreamEnd::kHttp:
      return "http";
    case StreamEnd::kTlsUnexpected:
      return "tls_unexpected";
    case StreamEnd::kRefused:
      return "refused";
    case StreamEnd::kNotTurn:
      return "not_turn";
    case StreamEnd::kIdle:
      return "idle";
    case StreamEnd::kSlowReader:
      return "slow_reader";
    case StreamEnd::kDataConnection:
      return "data_connection";
    case StreamEnd::kServerClosed:
      return "server_closed";
    case StreamEnd::kStopped:
      return "stopped";
    case StreamEnd::kCount:
      break;
  }
  std::abort();
}

std::string_view to_string(StreamRefusal refusal) {
  switch (refusal) {
    case StreamRefusal::kClientDenied:
      return "client_denied";
    case StreamRefusal::kFull:
      return "full";
    case StreamRefusal::kSourceFull:
      return "source_full";
    case StreamRefusal::kCount:
      break;
  }
  std::abort();
}

}  // namespace noom::turn
