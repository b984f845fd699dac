// SPDX-License-Identifier: Apache-2.0
// readiness_test.cpp: damped readiness and latched start.
#include "health/readiness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace redstart::health {
namespace {

using ::testing::HasSubstr;

DatabaseHealth database_with(HealthStatus status, bool required = true, std::string name = "main") {
  DatabaseHealth health;
  health.name = std::move(name);
  health.endpoint = "redis.example:6379";
  health.required = required;
  health.status = status;
  if (status == HealthStatus::unhealthy) {
    health.problem = Errc::connect_refused;
    health.message = "redis.example:6379: connection refused";
  }
  return health;
}

// Takes results one after the other, with the default policy: 3 failures, 2 successes.
class Results {
 public:
  bool operator()(std::vector<DatabaseHealth> databases) {
    HealthReport report;
    report.status = HealthStatus::healthy;
    report.databases = std::move(databases);
    readiness_.update(report);
    return readiness_.ready();
  }
  bool operator()(HealthStatus status) { return (*this)({database_with(status)}); }
  Readiness& readiness() noexcept { return readiness_; }
  [[nodiscard]] std::string message() const { return readiness_.services().at(0).message; }

 private:
  HealthPolicy policy_{};
  Readiness readiness_{policy_};
};

using S = HealthStatus;

TEST(Readiness, BeginsNotReady) {
  Results result;
  EXPECT_FALSE(result.readiness().ready());
  EXPECT_FALSE(result.readiness().started());
}

TEST(Readiness, TakesTheFirstResultAtOnce) {
  EXPECT_TRUE(Results()(S::healthy));
  EXPECT_TRUE(Results()(S::degraded));
  EXPECT_FALSE(Results()(S::unhealthy));
}

TEST(Readiness, BecomesReadyWithTheFirstSuccessEver) {
  Results result;
  EXPECT_FALSE(result(S::unhealthy));
  EXPECT_FALSE(result(S::unhealthy));
  EXPECT_TRUE(result(S::healthy));
}

TEST(Readiness, EndsWithConsecutiveFailures) {
  Results result;
  EXPECT_TRUE(result(S::healthy));
  EXPECT_TRUE(result(S::unhealthy));
  EXPECT_THAT(result.message(), HasSubstr("failed probe 1 of 3"));
  EXPECT_TRUE(result(S::unhealthy));
  EXPECT_TRUE(result(S::healthy)) << "a success starts the count anew";
  EXPECT_TRUE(result(S::unhealthy));
  EXPECT_TRUE(result(S::unhealthy));
  EXPECT_FALSE(result(S::unhealthy));
}

TEST(Readiness, ReturnsWithConsecutiveSuccesses) {
  Results result;
  EXPECT_TRUE(result(S::healthy));
  for (int i = 0; i < 3; ++i) static_cast<void>(result(S::unhealthy));
  EXPECT_FALSE(result(S::healthy));
  EXPECT_THAT(result.message(), HasSubstr("successful probe 1 of 2"));
  EXPECT_FALSE(result(S::unhealthy));
  EXPECT_FALSE(result(S::healthy));
  EXPECT_TRUE(result(S::healthy));
}

TEST(Readiness, IgnoresProbesThatFailedThemselves) {
  Results result;
  EXPECT_FALSE(result(S::error));
  EXPECT_TRUE(result(S::healthy));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(result(S::error));
  EXPECT_TRUE(result(S::unhealthy)) << "the first failure of three";
}

TEST(Readiness, IgnoresReportWithoutDatabasesThatSaysNothing) {
  Results result;
  result.readiness().update(HealthReport{});
  EXPECT_FALSE(result.readiness().ready());
  EXPECT_TRUE(result(S::healthy));
  result.readiness().update(HealthReport{});
  EXPECT_TRUE(result.readiness().ready());
  EXPECT_EQ(result.readiness().services().size(), 1U);
}

TEST(Readiness, DependsOnRequiredDatabasesOnly) {
  Results result;
  EXPECT_TRUE(result({database_with(S::healthy), database_with(S::unhealthy, false, "cache")}));
  const std::vector<ServiceReadiness> services = result.readiness().services();
  ASSERT_EQ(services.size(), 2U);
  EXPECT_FALSE(services[1].ready);
  EXPECT_FALSE(services[1].required);
  EXPECT_FALSE(Results()({database_with(S::unhealthy), database_with(S::healthy, false, "cache")}));
}

TEST(Readiness, StartLatches) {
  Results result;
  EXPECT_FALSE(result(S::unhealthy));
  EXPECT_FALSE(result.readiness().started());
  EXPECT_TRUE(result(S::healthy));
  for (int i = 0; i < 3; ++i) static_cast<void>(result(S::unhealthy));
  EXPECT_FALSE(result.readiness().ready());
  EXPECT_TRUE(result.readiness().started());
}

TEST(Readiness, MessageNamesNoEndpoint) {
  Results result;
  EXPECT_FALSE(result(S::unhealthy));
  EXPECT_EQ(result.message(), "connect_refused: no process listens at the endpoint");
}

TEST(Readiness, ForgetsDatabasesThatAreGone) {
  Results result;
  EXPECT_TRUE(result({database_with(S::healthy), database_with(S::unhealthy, false, "cache")}));
  EXPECT_TRUE(result({database_with(S::healthy)}));
  EXPECT_EQ(result.readiness().services().size(), 1U);
}

}  // namespace
}  // namespace redstart::health
