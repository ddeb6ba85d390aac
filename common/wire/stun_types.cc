#include "common/wire/stun_types.h"

namespace noom::wire {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::kBinding:
      return "binding";
    case Method::kAllocate:
      return "allocate";
    case Method::kRefresh:
      return "refresh";
    case Method::kSend:
      return "send";
    case Method::kData:
      return "data";
    case Method::kCreatePermission:
      return "create_permission";
    case Method::kChannelBind:
      return "channel_bind";
    case Method::kConnect:
      return "connect";
    case Method::kConnectionBind:
      return "connection_bind";
    case Method::kConnectionAttempt:
      return "connection_attempt";
  }
  return "unknown";
}

std::string_view default_reason(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTryAlternate:
      return "Try Alternate";
    case ErrorCode::kBadRequest:
      return "Bad Request";
    case ErrorCode::kUnauthenticated:
      return "Unauthenticated";
    case ErrorCode::kForbidden:
      return "Forbidden";
    case ErrorCode::kMobilityForbidden:
      return "Mobility Forbidden";
    case ErrorCode::kUnknownAttribute:
      return "Unknown Attribute";
    case ErrorCode::kAllocationMismatch:
      return "Allocation Mismatch";
    case ErrorCode::kStaleNonce:
      return "Stale Nonce";
    case ErrorCode::kAddressFamilyNotSupported:
      return "Address Family not Supported";
    case ErrorCode::kWrongCredentials:
      return "Wrong Credentials";
    case ErrorCode::kUnsupportedTransport:
      return "Unsupported Transport Protocol";
    case ErrorCode::kPeerAddressFamilyMismatch:
      return "Peer Address Family Mismatch";
    case ErrorCode::kConnectionAlreadyExists:
      return "Connection Already Exists";
    case ErrorCode::kConnectionTimeout:
      return "Connection Timeout or Failure";
    case ErrorCode::kAllocationQuotaReached:
      return "Allocation Quota Reached";
    case ErrorCode::kServerError:
      return "Server Error";
    case ErrorCode::kInsufficientCapacity:
      return "Insufficient Capacity";
  }
  return "";
}

}  // namespace noom::wire
