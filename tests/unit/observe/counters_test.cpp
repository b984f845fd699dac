// SPDX-License-Identifier: Apache-2.0
// counters_test.cpp: exact counting across shards and threads.
#include "observe/counters.hpp"

#include <redstart/observe/event.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;

RedisStats collected(const OperationCounters& counters) {
  RedisStats stats;
  counters.collect(stats);
  return stats;
}

TEST(OperationCounters, CountRepliesErrorsAndFailuresSeparately) {
  OperationCounters counters;
  counters.answered(0, 1, 0, 1ms);
  counters.answered(1, 10, 3, 2ms);
  counters.failed(5, false);
  counters.failed(2, true);
  counters.retried();
  const RedisStats stats = collected(counters);
  EXPECT_EQ(stats.ok, 8U);
  EXPECT_EQ(stats.server_errors, 3U);
  EXPECT_EQ(stats.failed, 7U);
  EXPECT_EQ(stats.timeouts, 2U);
  EXPECT_EQ(stats.retries, 1U);
  EXPECT_EQ(stats.latency.count(), 2U) << "one entry per exchange";
  EXPECT_DOUBLE_EQ(stats.success_rate(), 8.0 / 15.0);
}

TEST(OperationCounters, SumAllShards) {
  OperationCounters counters;
  for (std::size_t shard = 0; shard < 100; ++shard) counters.answered(shard, 1, 0, 1ms);
  EXPECT_EQ(collected(counters).ok, 100U);
}

TEST(OperationCounters, LoseNothingWhenManyThreadsCount) {
  OperationCounters counters;
  constexpr std::uint64_t threads = 8;
  constexpr std::uint64_t each = 10'000;
  std::vector<std::jthread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&counters, t] {
      for (std::uint64_t i = 0; i < each; ++i) {
        counters.answered(t % 3, 2, 1, 1ms);
        counters.failed(1, i % 2 == 0);
        counters.retried();
      }
    });
  }
  workers.clear();
  const RedisStats stats = collected(counters);
  EXPECT_EQ(stats.ok, threads * each);
  EXPECT_EQ(stats.server_errors, threads * each);
  EXPECT_EQ(stats.failed, threads * each);
  EXPECT_EQ(stats.timeouts, threads * each / 2);
  EXPECT_EQ(stats.retries, threads * each);
  EXPECT_EQ(stats.latency.count(), threads * each);
}

TEST(OperationCounters, InventedErrorWordsAddOneKind) {
  OperationCounters counters;
  for (int i = 0; i < 10'000; ++i) {
    const std::string message = "INVENTED" + std::to_string(i) + " by a script";
    counters.error_reply(message);
    counters.failed_after(operation_id("EVALSHA"), ErrorType::of_reply(message), 1ms);
  }
  counters.error_reply("WRONGTYPE Operation against a key");
  const RedisStats stats = collected(counters);
  ASSERT_EQ(stats.errors.size(), 2U);
  EXPECT_EQ(stats.errors[0].type, "WRONGTYPE");
  EXPECT_EQ(stats.errors[0].count, 1U);
  EXPECT_EQ(stats.errors[1].type, "_OTHER");
  EXPECT_EQ(stats.errors[1].count, 10'000U);
  ASSERT_EQ(stats.commands.size(), 1U);
  EXPECT_EQ(stats.commands[0].error_type, "_OTHER");
  EXPECT_EQ(stats.commands[0].durations.count(), 10'000U);
}

TEST(OperationCounters, SumErrorsAndCommandsOfServers) {
  OperationCounters first;
  OperationCounters second;
  first.failed_with(ErrorType::of(Errc::timeout, {}), 3);
  second.failed_with(ErrorType::of(Errc::timeout, {}), 4);
  second.error_reply("ERR unknown");
  for (OperationCounters* const counters : {&first, &second})
    counters->succeeded(3, operation_id("GET"), 2, 1ms);
  RedisStats stats = collected(first);
  second.collect(stats);
  ASSERT_EQ(stats.errors.size(), 2U);
  EXPECT_EQ(stats.errors[0].type, "ERR");
  EXPECT_EQ(stats.errors[1].type, "timeout");
  EXPECT_EQ(stats.errors[1].count, 7U);
  ASSERT_EQ(stats.commands.size(), 1U);
  EXPECT_EQ(stats.commands[0].durations.count(), 4U);
}

TEST(SuccessRate, IsOneWhenIdleAndIgnoresServerErrors) {
  RedisStats stats;
  EXPECT_DOUBLE_EQ(stats.success_rate(), 1.0);
  stats.server_errors = 100;
  EXPECT_DOUBLE_EQ(stats.success_rate(), 1.0);
  stats.failed = 1;
  EXPECT_DOUBLE_EQ(stats.success_rate(), 0.0);
  stats.ok = 3;
  EXPECT_DOUBLE_EQ(stats.success_rate(), 0.75);
}

TEST(ManagerStats, SumUpTheirDatabases) {
  ManagerStats stats;
  EXPECT_DOUBLE_EQ(stats.success_rate(), 1.0);
  stats.databases.resize(4);
  stats.databases[0].operations.ok = 3;
  stats.databases[0].state = ConnectionState::ready;
  stats.databases[1].operations.failed = 1;
  stats.databases[1].state = ConnectionState::backing_off;
  stats.databases[2].state = ConnectionState::stopped;
  stats.databases[3].state = ConnectionState::loading;
  EXPECT_DOUBLE_EQ(stats.success_rate(), 0.75);
  EXPECT_EQ(stats.healthy(), 2U);
}

TEST(PoolStats, CountsUnusedCapacityAsAvailable) {
  PoolStats stats;
  stats.maximum = 10;
  stats.in_use = 3;
  stats.idle = 2;
  stats.closed[static_cast<std::size_t>(CloseReason::stale)] = 4;
  EXPECT_EQ(stats.available(), 7U);
  EXPECT_EQ(stats.closed_for(CloseReason::stale), 4U);
  EXPECT_EQ(stats.closed_for(CloseReason::idle), 0U);
}

TEST(StatsNames, EqualEnumerators) {
  EXPECT_EQ(to_string(ConnectionState::backing_off), "backing_off");
  EXPECT_EQ(to_string(ConnectionState::circuit_open), "circuit_open");
  for (std::size_t i = 0; i < close_reasons; ++i)
    EXPECT_NE(to_string(static_cast<CloseReason>(i)), "unknown");
  EXPECT_EQ(to_string(static_cast<CloseReason>(close_reasons)), "unknown") << "close_reasons counts them all";
  EXPECT_EQ(to_string(EventKind::connected), "redis.connection.opened");
}

}  // namespace
}  // namespace redstart
