#include "stun/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace noom::stun {
namespace {

using testing::HasSubstr;

TEST(StunMetricsTest, EveryCounterIsThereFromTheStart) {
  const StunService service(2, {});
  ops::MetricPage page;
  collect(page, service);
  const std::string text = page.text();
  for (const std::string_view transport : {"udp", "tcp"}) {
    const std::string label = "transport=\"" + std::string(transport) + "\"";
    EXPECT_THAT(text, HasSubstr("noom_stun_received_total{" + label + "} 0\n"));
    EXPECT_THAT(text, HasSubstr("noom_stun_answers_total{" + label + ",code=\"420\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("noom_stun_answers_total{" + label + ",code=\"400\"} 0\n"));
    for (size_t i = 0; i < count_of<Feature>(); ++i) {
      const std::string feature(to_string(static_cast<Feature>(i)));
      EXPECT_NE(feature, "unknown");
      EXPECT_THAT(text, HasSubstr("noom_stun_features_total{" + label + ",feature=\"" + feature + "\"} 0\n"));
    }
    for (size_t i = 0; i < count_of<Drop>(); ++i) {
      const std::string reason(to_string(static_cast<Drop>(i)));
      EXPECT_NE(reason, "unknown");
      EXPECT_THAT(text, HasSubstr("noom_stun_drops_total{" + label + ",reason=\"" + reason + "\"} 0\n"));
    }
  }
  EXPECT_THAT(text, HasSubstr("noom_stun_tcp_closed_total{reason=\"idle\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("noom_stun_udp_drops_total{reason=\"receive_buffer_full\"} 0\n"));
}

}  // namespace
}  // namespace noom::stun
