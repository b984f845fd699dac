// SPDX-License-Identifier: Apache-2.0
// reload_test.cpp: what a reload takes over, and what it reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <redstart/config/redis_config.hpp>
#include <redstart/config/reload_report.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/live_settings.hpp"
#include "config/reload.hpp"

namespace redstart {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Taking {
 public:
  DatabaseConfig current{};
  DatabaseConfig next{};
  std::vector<ConfigChange> changes{};
  bool take(std::size_t shared = 1) { return detail::take_over(current, next, "main", shared, changes); }
};

// A valid value of the key that differs from the one in `config`.
void change(const detail::Key& key, DatabaseConfig& config) {
  for (const std::string_view value :
       {"1", "2", "7", "true", "false", "12s", "900", "0.5", "1.5", "3MiB", "text"}) {
    DatabaseConfig other = config;
    if (key.access.set(key, &other, value) || key.access.equal(&other, &config)) continue;
    config = other;
    return;
  }
  for (const std::string_view value : key.choices) {
    DatabaseConfig other = config;
    if (key.access.set(key, &other, value) || key.access.equal(&other, &config)) continue;
    config = other;
    return;
  }
  FAIL() << "no other value of " << key.name;
}

TEST(TakeOver, FollowsTheTableForEachKey) {
  for (const detail::Key& key : detail::keys()) {
    if (key.scope != detail::Scope::database || key.access.equal == nullptr) continue;
    Taking taking;
    taking.current.username = taking.next.username = "app";  // so that both authenticate
    taking.current.password = taking.next.password = Secret("hunter22");
    change(key, taking.next);
    const bool changed = taking.take(0);
    EXPECT_EQ(changed, key.reloadable) << key.name;
    EXPECT_EQ(key.access.equal(&taking.current, &taking.next), key.reloadable) << key.name;
    ASSERT_THAT(taking.changes, SizeIs(1)) << key.name;
    EXPECT_EQ(taking.changes[0].key, key.name);
    EXPECT_EQ(taking.changes[0].applied, key.reloadable);
  }
}

TEST(TakeOver, ChangesNothingIfNothingDiffers) {
  Taking taking;
  EXPECT_FALSE(taking.take());
  EXPECT_THAT(taking.changes, IsEmpty());
}

TEST(TakeOver, KeepsCredentialsIfThatStartsOrEndsAuthentication) {
  Taking taking;
  taking.next.password = Secret("hunter22");
  EXPECT_FALSE(taking.take());
  EXPECT_TRUE(taking.current.password.empty());
  EXPECT_FALSE(taking.changes[0].applied);
}

TEST(TakeOver, KeepsCredentialsBesideAProvider) {
  class Provider final : public CredentialsProvider {
    Credentials credentials() override { return {}; }
  };
  Taking taking;
  taking.current.credentials = std::make_shared<Provider>();
  taking.next.password = Secret("hunter22");
  EXPECT_FALSE(taking.take());
}

TEST(TakeOver, KeepsRoomForOtherThanSharedConnections) {
  Taking taking;
  taking.next.max_connections = 4;
  EXPECT_FALSE(taking.take(4));
  EXPECT_TRUE(taking.take(3));
}

TEST(TakeOver, ShowsNoSecret) {
  Taking taking;
  taking.current.password = Secret("hunter22");
  taking.next.password = Secret("hunter23");
  EXPECT_TRUE(taking.take());
  const std::string text = ReloadReport{taking.changes}.explain();
  EXPECT_EQ(text, "main: password: (secret) -> (secret)");
}

TEST(ReloadReportText, NamesWhatNeedsARestart) {
  Taking taking;
  taking.next.timeouts.command = 2s;
  taking.next.endpoint.port = 6380;
  taking.take();
  const ReloadReport report{taking.changes};
  EXPECT_FALSE(report.complete());
  EXPECT_THAT(report.explain(), HasSubstr("main: timeouts.command: 5s -> 2s"));
  EXPECT_THAT(report.explain(), HasSubstr("main: port: 6379 -> 6380 (needs a restart)"));
  EXPECT_EQ(ReloadReport{}.explain(), "nothing has changed");
  EXPECT_TRUE(ReloadReport{}.complete());
}

TEST(CompareManagers, ReportsSettingsOfTheManager) {
  RedisConfig current;
  RedisConfig next;
  next.io_threads = 4;
  std::vector<ConfigChange> changes;
  detail::compare(current, next, changes);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].key, "io_threads");
  EXPECT_FALSE(changes[0].applied);
}

TEST(LiveSettingsTest, KeepsEarlierVersions) {
  LiveSettings settings{DatabaseConfig{}};
  const DatabaseConfig& first = settings.now();
  DatabaseConfig next = first;
  next.max_connections = 7;
  settings.replace(next);
  EXPECT_EQ(first.max_connections, DatabaseConfig{}.max_connections);
  EXPECT_EQ(settings.now().max_connections, 7U);
}

}  // namespace
}  // namespace redstart
