// Reading reports, and who may make them.
#include "signal/shell/probe_report.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "signal/core/host.h"
#include "signal/shell/fallback_request.h"

namespace noom::signal {
namespace {

template <typename Enum, size_t kSize>
std::optional<Enum> value_of(const std::array<std::string_view, kSize>& labels, std::string_view label) {
  const auto found = std::find(labels.begin(), labels.end(), label);
  if (found == labels.end()) return std::nullopt;
  return static_cast<Enum>(found - labels.begin());
}

HttpAnswer refuse(int status, std::string_view code, std::string_view message, uint32_t retry_after_s = 0) {
  return refuse_fallback(status, code, message, "", retry_after_s);
}

}  // namespace

std::optional<std::vector<Probe>> read_probe_report(std::string_view body) {
  std::vector<Probe> probes;
  while (!body.empty()) {
    const size_t end = body.find('\n');
    if (end == std::string_view::npos || probes.size() == kProbesMax) return std::nullopt;
    const std::string_view line = body.substr(0, end);
    const size_t space = std::min(line.find(' '), line.size());
    const auto transport = value_of<ProbeTransport>(kProbeTransportLabels, line.substr(0, space));
    const auto result = value_of<ProbeResult>(kProbeResultLabels, line.substr(std::min(space + 1, line.size())));
    if (!transport || !result) return std::nullopt;
    probes.push_back({*transport, *result});
    body.remove_prefix(end + 1);
  }
  return probes;
}

HttpReply ProbeReports::on_request(Mono now, const IpAddress& client, const HttpRequest& request,
                                   const HttpSettings& http) {
  if (!host_of(request.host)) return refuse(400, "bad_request", "The Host header must name a host.");
  if (!is_origin_allowed(request.origin, request.host, http.allowed_origins))
    return refuse(403, "origin_forbidden", "Pages from this origin may not connect; see http.allowed_origins.");
  if (!is_on_) return refuse(404, "probe_off", "Checks are not counted here.");
  if (request.method != "POST") {
    HttpAnswer refusal = refuse(405, "bad_request", "Reports come by POST.");
    refusal.fields += "Allow: POST\r\n";
    return refusal;
  }
  if (!limits_.take(now, client)) {
    const auto wait_s = static_cast<uint32_t>(std::ceil(limits_.wait_s(client)));
    return refuse(429, "rate_limited", "Too many reports from this address.", std::max(1u, wait_s));
  }
  return BodyWanted{kProbeReportBytesMax};
}

HttpAnswer ProbeReports::on_body(std::string_view body) {
  const auto probes = read_probe_report(body);
  if (!probes) return refuse(400, "bad_request", "A report has lines of a transport and a result.");
  for (const auto& [transport, result] : *probes) counts_[static_cast<size_t>(transport)][result].add();
  return answer_nothing("");
}

HttpAnswer ProbeReports::on_body_too_big() {
  return refuse(413, "bad_request", "A report has " + std::to_string(kProbeReportBytesMax) + " bytes at most.");
}

}  // namespace noom::signal
