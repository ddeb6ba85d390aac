#include "turn/shell/dtls_stats.h"

#include <cstdlib>

namespace noom::turn {

std::string_view to_string(DtlsDrop drop) {
  switch (drop) {
    case DtlsDrop::kNotDtls:
      return "not_dtls";
    case DtlsDrop::kMalformedRecord:
      return "malformed_record";
    case DtlsDrop::kMalformedHello:
      return "malformed_hello";
    case DtlsDrop::kNoSession:
      return "no_session";
    case DtlsDrop::kRepeatedHello:
      return "repeated_hello";
    case DtlsDrop::kWrongEpoch:
      return "wrong_epoch";
    case DtlsDrop::kEarlyData:
      return "early_data";
    case DtlsDrop::kOversizeMessage:
      return "oversize_message";
    case DtlsDrop::kBadRecord:
      return "bad_record";
    case DtlsDrop::kFull:
      return "full";
    case DtlsDrop::kSourceFull:
      return "source_full";
    case DtlsDrop::kHandshakesFull:
      return "handshakes_full";
    case DtlsDrop::kCount:
      break;
  }
  std::abort();
}

std::string_view to_string(DtlsHandshake result) {
  switch (result) {
    case DtlsHandshake::kCompleted:
      return "completed";
    case DtlsHandshake::kFailed:
      return "failed";
    case DtlsHandshake::kTimedOut:
      return "timed_out";
    case DtlsHandshake::kReplaced:
      return "replaced";
    case DtlsHandshake::kStopped:
      return "stopped";
    case DtlsHandshake::kCount:
      break;
  }
  std::abort();
}

std::string_view to_string(DtlsEnd end) {
  switch (end) {
    case DtlsEnd::kClientClosed:
      return "client_closed";
    case DtlsEnd::kFailed:
      return "failed";
    case DtlsEnd::kReplaced:
      return "replaced";
    case DtlsEnd::kIdle:
      return "idle";
    case DtlsEnd::kServerClosed:
      return "server_closed";
    case DtlsEnd::kStopped:
      return "stopped";
    case DtlsEnd::kCount:
      break;
  }
  std::abort();
}

}  // namespace noom::turn
