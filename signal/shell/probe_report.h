// What the doctor page found, told by browsers that may tell it: POST /v1/probe, one line for each check, as
// "turn_udp ok". Counted, never stored: names from fixed sets, few reports from each address. docs/doctor.md.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"
#include "signal/core/opening_limits.h"
#include "signal/shell/http_connection.h"
#include "signal/shell/probe_counts.h"

namespace noom::signal {

struct Probe {
  ProbeTransport transport = ProbeTransport::kWebSocket;
  ProbeResult result = ProbeResult::kOk;
  bool operator==(const Probe&) const = default;
};

constexpr size_t kProbesMax = 24;  // in one report: a page has few relays to check
constexpr size_t kProbeReportBytesMax = 1024;
constexpr BucketLimit kProbeReports{.per_second = 6.0 / 60, .burst = 10};  // per IPv4 address or IPv6 /64
constexpr size_t kProbeAddressesMax = 10'000;

// nullopt: not a report. Any bytes are legal input.
std::optional<std::vector<Probe>> read_probe_report(std::string_view body);

// The endpoint. Single-threaded.
class ProbeReports {
 public:
  ProbeReports(bool is_on, ProbeCounts& counts) : is_on_(is_on), counts_(counts) {}

  static bool is_at(std::string_view target) { return target == "/v1/probe"; }
  HttpReply on_request(Mono now, const IpAddress& client, const HttpRequest& request, const HttpSettings& http);
  HttpAnswer on_body(std::string_view body);
  static HttpAnswer on_body_too_big();

 private:
  const bool is_on_;
  ProbeCounts& counts_;
  OpeningLimits limits_{kProbeReports, kProbeAddressesMax};
};

}  // namespace noom::signal
