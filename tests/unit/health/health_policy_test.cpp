// SPDX-License-Identifier: Apache-2.0
// health_policy_test.cpp: each fault of a policy is named with its remedy.
#include <redstart/health/health_policy.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <string>

namespace redstart {
namespace {

using namespace std::chrono_literals;

TEST(HealthPolicy, DefaultsAreValid) { EXPECT_TRUE(validate(HealthPolicy{}).empty()); }

TEST(HealthPolicy, NamesEachFaultyField) {
  using Change = std::function<void(HealthPolicy&)>;
  const struct {
    std::string field;
    Change change;
  } rows[] = {
      {"budget", [](HealthPolicy& p) { p.budget = 2001ms; }},
      {"budget", [](HealthPolicy& p) { p.budget = 9ms; }},
      {"interval", [](HealthPolicy& p) { p.interval = 99ms; }},
      {"cache_time", [](HealthPolicy& p) { p.cache_time = -1ms; }},
      {"failures", [](HealthPolicy& p) { p.failures = 0; }},
      {"successes", [](HealthPolicy& p) { p.successes = 101; }},
      {"latency_bounds", [](HealthPolicy& p) { p.latency_bounds[1] = p.latency_bounds[0]; }},
      {"latency_bounds", [](HealthPolicy& p) { p.latency_bounds[0] = 0us; }},
      {"clients_share", [](HealthPolicy& p) { p.clients_share = 1.1; }},
      {"memory_share", [](HealthPolicy& p) { p.memory_share = -0.1; }},
      {"hit_ratio", [](HealthPolicy& p) { p.hit_ratio = std::numeric_limits<double>::quiet_NaN(); }},
      {"minimum_lookups", [](HealthPolicy& p) { p.minimum_lookups = 0; }},
      {"key_prefix", [](HealthPolicy& p) { p.key_prefix.clear(); }},
      {"key_prefix", [](HealthPolicy& p) { p.key_prefix = std::string(201, 'x'); }},
      {"key_prefix", [](HealthPolicy& p) { p.key_prefix = "line\n"; }},
      {"key_lifetime", [](HealthPolicy& p) { p.key_lifetime = 999ms; }},
  };
  for (const auto& [field, change] : rows) {
    HealthPolicy policy;
    change(policy);
    const auto faults = validate(policy);
    ASSERT_EQ(faults.size(), 1U) << field;
    EXPECT_EQ(faults[0].where, "HealthPolicy::" + field);
    EXPECT_FALSE(faults[0].what.empty());
    EXPECT_FALSE(faults[0].remedy.empty());
  }
}

}  // namespace
}  // namespace redstart
