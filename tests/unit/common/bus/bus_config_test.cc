#include "common/bus/daemon/bus_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/bus/daemon/bus_metrics.h"

namespace noom::bus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class BusConfigTest : public testing::Test {
 protected:
  BusConfigTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "noom-bus-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    add_bus_rows(table_, config_);
  }
  ~BusConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  ops::Findings check(const std::vector<std::string>& assignments) {
    for (const std::string& assignment : assignments) EXPECT_THAT(table_.set(assignment), IsEmpty()) << assignment;
    ops::Findings findings;
    check_bus(config_, table_, findings);
    return findings;
  }

  std::string directory_;
  BusConfig config_;
  ops::ConfigTable table_;
};

TEST_F(BusConfigTest, ThereIsNoBusByDefault) {
  EXPECT_THAT(check({}).errors, IsEmpty());
  EXPECT_FALSE(config_.enabled());
  EXPECT_THAT(node_name(config_), Not(IsEmpty()));
}

TEST_F(BusConfigTest, ServersUserAndTokenAreTaken) {
  const auto findings =
      check({"cluster.servers=nats://a:4222,nats://[::1]:4222", "cluster.node=n1.example",
             "cluster.user_file=" + file("user", "noom:pass:word\n"), "cluster.token_file=" + file("token", "t\n")});
  EXPECT_THAT(findings.errors, IsEmpty());
  EXPECT_THAT(findings.warnings, IsEmpty());
  const NatsOptions options = nats_options(config_, "noom-turn");
  EXPECT_THAT(options.servers, ElementsAre("nats://a:4222", "nats://[::1]:4222"));
  EXPECT_EQ(options.name, "noom-turn n1.example");
  const auto login = options.login();
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_EQ(login->user, "noom");
  EXPECT_EQ(login->password.reveal(), "pass:word");
  EXPECT_EQ(login->token.reveal(), "t");
}

TEST_F(BusConfigTest, AFileThatChangesIsReadAgain) {
  const std::string user = file("user", "a:b\n");
  EXPECT_THAT(check({"cluster.servers=nats://a", "cluster.user_file=" + user}).errors, IsEmpty());
  const NatsOptions options = nats_options(config_, "noom-turn");
  file("user", "a:c\n");
  EXPECT_EQ(options.login()->password.reveal(), "c");
  std::filesystem::remove(user);
  EXPECT_THAT(std::string(options.login().status().message()), HasSubstr(user));
}

TEST_F(BusConfigTest, MistakesAreNamed) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"cluster.servers=localhost"}, "is no NATS server"},
      {{"cluster.servers=http://a"}, "is no NATS server"},
      {{"cluster.servers=nats://user:password@a"}, "is no NATS server"},
      {{"cluster.servers=nats://a,tls://b"}, "some servers are asked for TLS"},
      {{"cluster.node=a b"}, "is no node name"},
      {{"cluster.node=.a"}, "is no node name"},
      {{"cluster.subject_prefix=noom.>"}, "cannot begin a subject"},
      {{"cluster.nkey=UA"}, "cluster.nkey_file"},
      {{"cluster.tls_certificate=/x"}, "cluster.tls_key"},
      {{"cluster.servers=nats://a", "cluster.tls_ca_file=" + file("ca", "x")}, "no tls:// server"},
      {{"cluster.user_file=/nonexistent"}, "No such file"},
      {{"cluster.user_file=" + file("bad", "no colon")}, "name:password"},
      {{"cluster.token_file=" + file("two", "a\nb\n")}, "more than one line"},
  };
  for (const auto& [assignments, said] : mistakes) {
    config_ = {};
    EXPECT_THAT(check(assignments).errors, testing::Contains(HasSubstr(said))) << assignments.front();
  }
}

TEST_F(BusConfigTest, WhatIsRiskyIsWarnedOf) {
  EXPECT_THAT(check({"cluster.user_file=" + file("open", "a:b", 0644)}).warnings,
              ElementsAre(HasSubstr("can be read by others")));
  EXPECT_THAT(check({"cluster.servers=tls://a", "cluster.tls_verify=false", "cluster.user_file="}).warnings,
              ElementsAre(HasSubstr("not verified")));
}

TEST(BusMetrics, AreThereWithoutABusToo) {
  ops::MetricPage page;
  collect_bus(page, "noom_turn", nullptr);
  EXPECT_THAT(page.text(), HasSubstr("noom_turn_bus_connected 0"));
  EXPECT_THAT(page.text(), HasSubstr("noom_turn_bus_dropped_total{reason=\"disconnected\"} 0"));
}

}  // namespace
}  // namespace noom::bus
