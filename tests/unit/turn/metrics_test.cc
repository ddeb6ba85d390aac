// Every counter of turn/core and turn/shell has its sample on the page from the start, under a name of its own.
#include "turn/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "common/ops/line_log.h"

namespace noom::turn {
namespace {

using testing::HasSubstr;

class TurnMetricsTest : public testing::Test {
 protected:
  TurnMetricsTest() : log_("noom-turn", ops::LogFormat::kText, LogLevel::kError, STDERR_FILENO) {
    auto settings = std::make_shared<Settings>();
    settings->credentials = std::make_shared<auth::CredentialStore>();
    settings->peer_policy = std::make_shared<auth::PeerPolicy>(std::vector<auth::IpPrefix>(),
                                                               std::vector<auth::IpPrefix>(), std::vector<IpAddress>());
    settings->relay_addresses = {{IpAddress::v4(127, 0, 0, 1), IpAddress::v4(127, 0, 0, 1)}};
    settings->shard_count = 2;
    TurnServiceOptions options;
    options.listeners = {{"listen.udp", Transport::kUdp, {IpAddress::v4(127, 0, 0, 1), 0}}};
    options.settings = settings;
    options.shared = std::make_shared<Shared>(Secret(std::string(16, 'k')), std::chrono::hours(1));
    auto service = TurnService::start(std::move(options), log_);
    EXPECT_TRUE(service.ok()) << service.status();
    service_ = std::move(*service);
    ops::MetricPage page;
    collect(page, *service_);
    text_ = page.text();
  }

  template <typename Enum>
  void expect_table(std::string_view family, std::string_view labels_before) {
    for (size_t i = 0; i < count_of<Enum>(); ++i) {
      const std::string word(to_string(static_cast<Enum>(i)));
      EXPECT_NE(word, "unknown");
      EXPECT_THAT(text_,
                  HasSubstr(std::string(family) + "{" + std::string(labels_before) + "reason=\"" + word + "\"} 0\n"));
    }
  }

  ops::LineLog log_;
  std::unique_ptr<TurnService> service_;
  std::string text_;
};

TEST_F(TurnMetricsTest, EveryReasonHasItsSample) {
  expect_table<Drop>("noom_turn_drops_total", "");
  expect_table<ShellDrop>("noom_turn_shell_drops_total", "");
  expect_table<EndReason>("noom_turn_allocations_ended_total", "");
  expect_table<StreamEnd>("noom_turn_streams_ended_total", "");
  expect_table<StreamRefusal>("noom_turn_streams_refused_total", "");
  for (size_t i = 0; i < count_of<Reason>(); ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string code = std::to_string(static_cast<unsigned>(code_of(reason)));
    EXPECT_THAT(text_, HasSubstr("noom_turn_refusals_total{code=\"" + code + "\",reason=\"" +
                                 std::string(to_string(reason)) + "\"} 0\n"));
  }
}

TEST_F(TurnMetricsTest, AllocationsAreToldApartByTransportAndFamily) {
  EXPECT_THAT(text_, HasSubstr("noom_turn_allocations{transport=\"tls\",family=\"ipv6\"} 0\n"));
  EXPECT_THAT(text_, HasSubstr("noom_turn_requests_total{method=\"allocate\",code=\"401\"} 0\n"));
}

TEST_F(TurnMetricsTest, NoSampleIsThereTwice) {
  std::set<std::string> seen;
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second || line[0] == '#') << line;
}

}  // namespace
}  // namespace noom::turn
