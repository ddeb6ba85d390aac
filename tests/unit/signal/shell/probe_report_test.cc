// Reports of the doctor page, without a socket.
#include "signal/shell/probe_report.h"

#include <gtest/gtest.h>

#include <string>

namespace noom::signal {
namespace {

class ProbeReportsTest : public testing::Test {
 protected:
  HttpReply ask(std::string_view method = "POST", std::string_view origin = "http://noom.example") {
    HttpRequest request;
    request.method = method;
    request.target = "/v1/probe";
    request.host = "noom.example";
    request.origin = origin;
    return reports.on_request(now, client, request, {});
  }
  static int status(const HttpReply& reply) {
    return std::holds_alternative<HttpAnswer>(reply) ? std::get<HttpAnswer>(reply).status : 0;
  }
  uint64_t counted(ProbeTransport transport, ProbeResult result) const {
    return counts[static_cast<size_t>(transport)][result].value();
  }
  uint64_t counted_in_all() const {
    uint64_t sum = 0;
    for (const auto& row : counts) sum += row.sum();
    return sum;
  }

  ProbeCounts counts;
  ProbeReports reports{true, counts};
  Mono now{std::chrono::hours(1)};
  IpAddress client = IpAddress::v4(192, 0, 2, 1);
};

TEST(ProbeReport, EveryPairOfLabelsIsRead) {
  for (size_t transport = 0; transport < kProbeTransportLabels.size(); ++transport) {
    for (size_t result = 0; result < kProbeResultLabels.size(); ++result) {
      const std::string line =
          std::string(kProbeTransportLabels[transport]) + " " + std::string(kProbeResultLabels[result]) + "\n";
      const auto probes = read_probe_report(line);
      ASSERT_TRUE(probes) << line;
      EXPECT_EQ(*probes,
                (std::vector<Probe>{{static_cast<ProbeTransport>(transport), static_cast<ProbeResult>(result)}}));
    }
  }
}

TEST(ProbeReport, WhatIsNotAReportIsToldFromOne) {
  EXPECT_TRUE(read_probe_report(""));
  for (const char* body :
       {"turn_udp ok", "turn_udp\n", "\n", " \n", "turn_udp  ok\n", "turn_udp ok \n", "TURN_UDP ok\n",
        "turn_udp ok\r\n", "turn_udp ok\nx", "turn_udp ok\n\n", "ok turn_udp\n", "turn_udp fine\n"}) {
    EXPECT_FALSE(read_probe_report(body)) << body;
  }
  EXPECT_FALSE(read_probe_report(std::string_view("turn_udp\0ok\n", 12)));
}

TEST(ProbeReport, HasAsManyLinesAsItMayAndNoMore) {
  std::string body;
  for (size_t i = 0; i < kProbesMax; ++i) body += "turn_udp ok\n";
  EXPECT_LE(body.size(), kProbeReportBytesMax);
  EXPECT_TRUE(read_probe_report(body));
  EXPECT_FALSE(read_probe_report(body + "sse ok\n"));
}

TEST_F(ProbeReportsTest, CountsWhatItIsTold) {
  const HttpReply reply = ask();
  EXPECT_EQ(std::get<BodyWanted>(reply).bytes_max, kProbeReportBytesMax);
  EXPECT_EQ(reports.on_body("turn_udp ok\nturn_tls unauthorized\nturn_udp ok\n").status, 204);
  EXPECT_EQ(counted(ProbeTransport::kTurnUdp, ProbeResult::kOk), 2u);
  EXPECT_EQ(counted(ProbeTransport::kTurnTls, ProbeResult::kUnauthorized), 1u);
  EXPECT_EQ(counted_in_all(), 3u);
}

TEST_F(ProbeReportsTest, CountsNothingOfAReportThatIsNotOne) {
  EXPECT_EQ(reports.on_body("turn_udp ok\nturn_quic ok\n").status, 400);
  EXPECT_EQ(ProbeReports::on_body_too_big().status, 413);
  EXPECT_EQ(counted_in_all(), 0u);
}

TEST_F(ProbeReportsTest, SwitchedOffItIsNotThere) {
  ProbeReports off{false, counts};
  HttpRequest request;
  request.method = "POST";
  request.host = "noom.example";
  EXPECT_EQ(status(off.on_request(now, client, request, {})), 404);
}

TEST_F(ProbeReportsTest, OnlyPagesThatMayConnectMayReportAndOnlyByPost) {
  EXPECT_EQ(status(ask("POST", "https://elsewhere.example")), 403);
  EXPECT_EQ(status(ask("GET")), 405);
  EXPECT_EQ(status(ask("OPTIONS")), 405);
  EXPECT_EQ(status(reports.on_request(now, client, HttpRequest(), {})), 400);
}

TEST_F(ProbeReportsTest, AnAddressMayReportSoOftenAndOthersAreNotAffected) {
  for (int i = 0; i < static_cast<int>(kProbeReports.burst); ++i) ASSERT_EQ(status(ask()), 0) << i;
  const HttpReply refused = ask();
  EXPECT_EQ(status(refused), 429);
  EXPECT_NE(std::get<HttpAnswer>(refused).fields.find("Retry-After: 10\r\n"), std::string::npos);
  client = IpAddress::v4(192, 0, 2, 2);
  EXPECT_EQ(status(ask()), 0);
  client = IpAddress::v4(192, 0, 2, 1);
  now += std::chrono::seconds(11);
  EXPECT_EQ(status(ask()), 0);
}

}  // namespace
}  // namespace noom::signal
