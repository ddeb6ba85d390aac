// External addresses looked up through a resolver of the test's: when they are asked for, and what becomes of answers.
#include "turn/live_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

namespace noom::turn {
namespace {

using std::chrono::seconds;

class QuietLog final : public LogSink {
 public:
  bool enabled(LogLevel) const override { return false; }
  void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

const IpAddress kLocal = IpAddress::v4(10, 0, 0, 7);
const IpAddress kOne = IpAddress::v4(203, 0, 113, 1);
const IpAddress kTwo = IpAddress::v4(203, 0, 113, 2);
const ExternalQuestion kQuestion{kLocal, *ExternalSource::parse("relay.example.org")};

class ExternalTableTest : public testing::Test {
 protected:
  bool answered(Mono now, absl::StatusOr<std::vector<IpAddress>> found) {
    EXPECT_EQ(table_.due(now), 0u);
    return table_.record(0, now, found, stats_, log_);
  }
  std::optional<IpAddress> address() { return table_.answers().front().address; }

  QuietLog log_;
  ExternalStats stats_;
  ExternalTable table_{{kQuestion}, {}, seconds(60)};
  Mono start_{seconds(1000)};
};

TEST_F(ExternalTableTest, AsksAtOnceAndThenEveryInterval) {
  EXPECT_TRUE(answered(start_, std::vector{kOne}));
  EXPECT_EQ(address(), kOne);
  EXPECT_EQ(table_.due(start_ + seconds(59)), std::nullopt);
  EXPECT_EQ(table_.next_due(), start_ + seconds(60));
  EXPECT_FALSE(answered(start_ + seconds(60), std::vector{kOne}));
  EXPECT_TRUE(answered(start_ + seconds(120), std::vector{kTwo}));
  EXPECT_EQ(stats_.changed.value(), 2u);
}

TEST_F(ExternalTableTest, AFailureKeepsTheAddressAndIsRetriedSoonerThenLessOften) {
  answered(start_, std::vector{kOne});
  Mono now = start_ + seconds(60);
  for (const int wait_s : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_FALSE(answered(now, absl::UnavailableError("down")));
    EXPECT_EQ(table_.next_due(), now + seconds(wait_s));
    now = table_.next_due();
  }
  EXPECT_EQ(address(), kOne);
  EXPECT_EQ(stats_.failed.value(), 8u);
}

TEST_F(ExternalTableTest, OfSeveralAddressesTheOneInUseStays) {
  answered(start_, std::vector{kTwo});
  EXPECT_FALSE(answered(start_ + seconds(60), std::vector{kOne, kTwo}));
  EXPECT_EQ(address(), kTwo);
}

TEST_F(ExternalTableTest, AnswersToTheSameQuestionsAreKeptAcrossAReload) {
  answered(start_, std::vector{kOne});
  const ExternalTable next({kQuestion, {kLocal, *ExternalSource::parse("other.example.org")}}, table_.answers(),
                           seconds(60));
  EXPECT_EQ(next.answers()[0].address, kOne);
  EXPECT_EQ(next.answers()[1].address, std::nullopt);
  EXPECT_EQ(next.due(start_), 0u);
}

TEST_F(ExternalTableTest, WithoutQuestionsNothingIsEverDue) {
  const ExternalTable none({}, {}, seconds(60));
  EXPECT_EQ(none.due(start_), std::nullopt);
  EXPECT_EQ(none.next_due(), Mono::max());
}

// A resolver that answers what the test says. Shared: a look-up under way may outlive who asked for it.
struct Resolver {
  absl::StatusOr<std::vector<IpAddress>> look_up() {
    const std::scoped_lock lock(mutex);
    ++asked;
    happened.notify_all();
    if (answer) return std::vector{*answer};
    return absl::UnavailableError("down");
  }
  void say(std::optional<IpAddress> address) {
    const std::scoped_lock lock(mutex);
    answer = address;
  }
  bool wait_for(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    return happened.wait_for(lock, seconds(20), condition);
  }

  std::mutex mutex;
  std::condition_variable happened;
  std::optional<IpAddress> answer = kOne;
  int asked = 0;
};

class LiveSettingsTest : public testing::Test {
 protected:
  LiveSettingsTest() {
    auto settings = std::make_shared<Settings>();
    settings->peer_policy = std::make_shared<auth::PeerPolicy>(std::vector<auth::IpPrefix>(),
                                                               std::vector<auth::IpPrefix>(), std::vector<IpAddress>());
    settings->relay_addresses = {{kLocal, IpAddress()}};
    prepared_ = settings;
  }
  void change(Duration refresh = seconds(3600), Duration at_most = seconds(20)) {
    live_.change(prepared_, {{kQuestion, std::nullopt, 0}}, refresh, at_most);
  }

  QuietLog log_;
  std::shared_ptr<const Settings> prepared_;
  std::shared_ptr<Resolver> resolver_ = std::make_shared<Resolver>();
  std::vector<IpAddress> applied_;  // under the resolver's mutex
  LiveSettings live_{[resolver = resolver_](const ExternalSource&, const IpAddress&) { return resolver->look_up(); },
                     [] { return std::vector<io::LocalAddress>(); }, log_};
};

TEST_F(LiveSettingsTest, WaitsForTheFirstAnswer) {
  change();
  EXPECT_TRUE(live_.is_complete());
  EXPECT_EQ(live_.current()->relay_addresses[0].external, kOne);
  EXPECT_FALSE(live_.current()->peer_policy->check(kOne).allowed) << "this host's own";
}

TEST_F(LiveSettingsTest, GoesOnWithoutAnAnswerAndTakesItWhenItComes) {
  resolver_->say(std::nullopt);
  change(seconds(1));
  EXPECT_FALSE(live_.is_complete());
  live_.follow([this](std::shared_ptr<const Settings> settings) {
    const std::scoped_lock lock(resolver_->mutex);
    applied_.push_back(settings->relay_addresses[0].external);
    resolver_->happened.notify_all();
  });
  resolver_->say(kTwo);
  EXPECT_TRUE(resolver_->wait_for([&] { return applied_.size() == 2; }));
  EXPECT_EQ(applied_[1], kTwo);
  EXPECT_TRUE(live_.is_complete());
}

TEST_F(LiveSettingsTest, AReloadAsksAgainAndKeepsTheAddressMeanwhile) {
  change();
  resolver_->say(std::nullopt);
  const int before = resolver_->asked;
  change(seconds(3600), Duration::zero());
  EXPECT_EQ(live_.current()->relay_addresses[0].external, kOne);
  EXPECT_TRUE(resolver_->wait_for([&] { return resolver_->asked > before; }));
}

TEST_F(LiveSettingsTest, AFormerAddressIsThisHostsAsLongAsARelayHasIt) {
  change();
  auto relay = live_.current()->relay_addresses[0].lease;
  resolver_->say(kTwo);
  change();
  ASSERT_EQ(live_.current()->relay_addresses[0].external, kTwo);
  ASSERT_EQ(live_.current()->other_externals.size(), 1u);
  EXPECT_FALSE(live_.current()->peer_policy->check(kOne).allowed);
  relay.reset();
  change();
  EXPECT_TRUE(live_.current()->other_externals.empty());
  EXPECT_TRUE(live_.current()->peer_policy->check(kOne).allowed);
}

TEST_F(LiveSettingsTest, EndsWhileALookUpIsUnderWay) {
  std::promise<void> under_way;
  std::promise<void> let_go;
  auto future = under_way.get_future();
  {
    LiveSettings slow(
        [&under_way, released = let_go.get_future().share()](
            const ExternalSource&, const IpAddress&) -> absl::StatusOr<std::vector<IpAddress>> {
          under_way.set_value();
          released.wait();
          return std::vector{kOne};
        },
        [] { return std::vector<io::LocalAddress>(); }, log_);
    slow.change(prepared_, {{kQuestion, std::nullopt, 0}}, seconds(3600), Duration::zero());
    future.wait();
  }
  let_go.set_value();
}

}  // namespace
}  // namespace noom::turn
