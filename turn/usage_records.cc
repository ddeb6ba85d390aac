#include "turn/usage_records.h"

#include <boost/json.hpp>
#include <charconv>

namespace noom::turn {
namespace {

namespace json = boost::json;

// RFC 7635 and static users aside, "<expiry>:<name>"; noom-signal's names are "<room's tag>.<peer>"
// (docs/operations.md).
void add_user(json::object& members, std::string_view username) {
  members["username"] = username;
  const size_t colon = username.find(':');
  uint64_t expiry = 0;
  const auto [end, error] =
      std::from_chars(username.data(), username.data() + std::min(colon, username.size()), expiry);
  const bool has_expiry = colon != username.npos && error == std::errc() && end == username.data() + colon;
  const std::string_view name = has_expiry ? username.substr(colon + 1) : username;
  members["user"] = name;
  const size_t dot = name.find('.');
  if (!has_expiry || !name.starts_with("r_") || dot == name.npos || !name.substr(dot + 1).starts_with("p_")) return;
  members["room_tag"] = name.substr(0, dot);
  members["peer"] = name.substr(dot + 1);
}

}  // namespace

std::string_view usage_type(UsageRecord::Kind kind) {
  switch (kind) {
    case UsageRecord::Kind::kStart:
      return "allocation.start";
    case UsageRecord::Kind::kInterim:
      return "allocation.interim";
    case UsageRecord::Kind::kStop:
      break;
  }
  return "allocation.stop";
}

std::string usage_members(const UsageRecord& record) {
  json::object members;
  members["allocation"] = std::to_string(record.shard) + "-" + std::to_string(record.allocation.index) + "-" +
                          std::to_string(record.allocation.generation);
  members["transport"] = to_string(record.client.transport);
  members["client"] = record.client.client.to_string();
  json::array relayed;
  for (const IpEndpoint& endpoint : record.relayed) relayed.emplace_back(endpoint.to_string());
  members["relayed"] = std::move(relayed);
  add_user(members, record.username);
  if (record.kind != UsageRecord::Kind::kStart) {
    members["duration_s"] = std::chrono::duration<double>(record.duration).count();
    members["bytes_to_peers"] = record.traffic.bytes_to_peers;
    members["bytes_to_client"] = record.traffic.bytes_to_client;
    members["packets_to_peers"] = record.traffic.packets_to_peers;
    members["packets_to_client"] = record.traffic.packets_to_client;
  }
  if (record.resumed && record.kind == UsageRecord::Kind::kStart) members["resumed"] = true;
  if (!record.reason.empty()) members["reason"] = record.reason;
  const std::string text = json::serialize(members);
  return text.substr(1, text.size() - 2);
}

}  // namespace noom::turn
