// The metrics page: Prometheus text format, checked against Prometheus' own linter where it is installed.
#include "common/ops/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common/base/histogram.h"
#include "common/ops/common_metrics.h"

namespace noom::ops {
namespace {

using testing::HasSubstr;

constexpr std::array<uint64_t, 2> kBounds = {1000, 2000000000};

MetricPage& fill(MetricPage& page) {
  page.counter("noom_x_drops_total", "Drops, by reason.")
      .sample(uint64_t{3}, {{"reason", "malformed"}})
      .sample(uint64_t{9007199254740992}, {{"reason", "hostile\"\\\n"}});
  page.gauge("noom_x_open", "Open.").sample(2.5);
  Histogram histogram(kBounds);
  for (const uint64_t value : {500u, 1000u, 1500u, 4000000000u}) histogram.observe(value);
  std::vector<uint64_t> counts;
  for (const Counter& count : histogram.counts()) counts.push_back(count.value());
  page.histogram("noom_x_latency_seconds", "Latency.")
      .sample(HistogramSample{.bounds = kBounds, .counts = counts, .sum = histogram.sum(), .scale = 1e-9},
              {{"path", "udp"}});
  return page;
}

TEST(MetricsTest, CountersKeepTheirLabelsEscaped) {
  MetricPage page;
  const std::string text = fill(page).text();
  EXPECT_THAT(text, HasSubstr("# HELP noom_x_drops_total Drops, by reason.\n# TYPE noom_x_drops_total counter\n"
                              "noom_x_drops_total{reason=\"malformed\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("{reason=\"hostile\\\"\\\\\\n\"} 9007199254740992\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE noom_x_open gauge\nnoom_x_open 2.5\n"));
}

TEST(MetricsTest, HistogramsAreCumulativeAndScaled) {
  MetricPage page;
  const std::string text = fill(page).text();
  EXPECT_THAT(text, HasSubstr("noom_x_latency_seconds_count{path=\"udp\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("noom_x_latency_seconds_bucket{path=\"udp\",le=\"2\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("noom_x_latency_seconds_bucket{path=\"udp\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("noom_x_latency_seconds_sum{path=\"udp\"} 4.000003\n"));
}

TEST(MetricsTest, EachLoopHasItsLag) {
  LatencyHistogram first, second;
  first.observe(std::chrono::milliseconds(1));
  first.observe(std::chrono::milliseconds(-1));  // a timer is never early, and if it were it is not late
  second.observe(std::chrono::seconds(7));
  MetricPage page;
  collect_loops(page, {&first, &second});
  const std::string text = page.text();
  EXPECT_THAT(text, HasSubstr("noom_event_loop_lag_seconds_bucket{shard=\"0\",le=\"0.001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("noom_event_loop_lag_seconds_sum{shard=\"0\"} 0.001\n"));
  EXPECT_THAT(text, HasSubstr("noom_event_loop_lag_seconds_bucket{shard=\"1\",le=\"5\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("noom_event_loop_lag_seconds_count{shard=\"1\"} 1\n"));
}

TEST(MetricsTest, ALatencyOfSeveralShardsIsTheirSum) {
  LatencyHistogram first, second;
  first.observe(std::chrono::milliseconds(2));
  second.observe(std::chrono::milliseconds(3));
  MetricPage page;
  auto family = page.histogram("noom_x_seconds", "Latency.");
  sample_latency(family, {&first, &second}, {{"transport", "tls"}});
  EXPECT_THAT(page.text(), HasSubstr("noom_x_seconds_sum{transport=\"tls\"} 0.005\n"));
  EXPECT_THAT(page.text(), HasSubstr("noom_x_seconds_count{transport=\"tls\"} 2\n"));
}

TEST(MetricsTest, WithoutCertificatesNoneExpires) {
  const io::TlsContextSlot empty;
  MetricPage page;
  collect_certificates(page, {nullptr, &empty});
  EXPECT_EQ(page.text(), "");
}

TEST(MetricsTest, ProcessMetricsAreThereAndPlausible) {
  MetricPage page;
  collect_process(page, "noom-x", "1.2.3");
  const std::string text = page.text();
  EXPECT_THAT(text, HasSubstr("noom_build_info{daemon=\"noom-x\",version=\"1.2.3\"} 1\n"));
  for (const std::string name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                                 "process_max_fds", "process_start_time_seconds", "noom_clock_seconds"}) {
    const size_t at = text.find("\n" + name + " ");
    ASSERT_NE(at, text.npos) << name;
    EXPECT_GT(std::strtod(text.c_str() + at + name.size() + 2, nullptr), 0) << name;
  }
}

TEST(MetricsTest, PrometheusOwnLinterAcceptsThePage) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "promtool is not installed";
  MetricPage page;
  collect_process(page, "noom-x", "1.2.3");
  const std::string text = fill(page).text();
  FILE* linter = ::popen("promtool check metrics > /dev/stderr", "w");
  ASSERT_NE(linter, nullptr);
  std::fwrite(text.data(), 1, text.size(), linter);
  EXPECT_EQ(::pclose(linter), 0);
}

}  // namespace
}  // namespace noom::ops
