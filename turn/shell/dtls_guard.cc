#include "turn/shell/dtls_guard.h"

#include "common/io/dtls_hello.h"
#include "turn/shell/limits.h"

namespace noom::turn {
namespace {

using io::DtlsContent;
using io::DtlsRecord;

std::optional<DtlsDrop> reject_in_handshake(const DtlsRecord& record, uint8_t& protected_early) {
  if (record.epoch > 0) {
    if (record.content == DtlsContent::kApplicationData || protected_early >= kDtlsProtectedEarlyMax)
      return DtlsDrop::kEarlyData;
    ++protected_early;
  }
  if (const auto message = record.message(); message && message->length > kDtlsHandshakeMessageMax)
    return DtlsDrop::kOversizeMessage;
  return std::nullopt;
}

}  // namespace

// The keys of the first handshake are epoch 1's, and there is no second.
std::optional<DtlsDrop> reject_datagram(Bytes datagram, bool established, uint8_t& protected_early) {
  bool any_current = false;
  while (const auto record = io::next_dtls_record(datagram)) {
    any_current |= established ? record->epoch == 1 : record->epoch <= 1;
    if (established) continue;
    if (const auto reason = reject_in_handshake(*record, protected_early)) return reason;
  }
  if (!any_current) return DtlsDrop::kWrongEpoch;
  return std::nullopt;
}

}  // namespace noom::turn
