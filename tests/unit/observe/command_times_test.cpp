// SPDX-License-Identifier: Apache-2.0
// command_times_test.cpp: durations by command and error, bounded, from many threads.
#include "observe/command_times.hpp"

#include <redstart/commands/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;

KeptList<CommandStats> collected(const CommandTimes& times) {
  KeptList<CommandStats> list;
  times.collect(list);
  return list;
}

TEST(DurationHistogram, CountsBoundsInTheirBucket) {
  for (std::size_t i = 0; i != DurationHistogram::bounds.size(); ++i) {
    EXPECT_EQ(DurationHistogram::index(DurationHistogram::bounds[i]), i);
    EXPECT_EQ(DurationHistogram::index(DurationHistogram::bounds[i] + 1ns), i + 1);
  }
  EXPECT_EQ(DurationHistogram::index(0ns), 0U);
  EXPECT_EQ(DurationHistogram::index(-5ns), 0U);
  EXPECT_EQ(DurationHistogram::index(std::chrono::nanoseconds::max()), DurationHistogram::bounds.size());
}

TEST(DurationHistogram, HasTheStatedBounds) {
  EXPECT_EQ(DurationHistogram::bounds.front(), 100us);
  EXPECT_EQ(DurationHistogram::bounds[4], 2500us);
  EXPECT_EQ(DurationHistogram::bounds.back(), 10s);
}

TEST(CommandTimes, SeparateCommands) {
  CommandTimes times;
  times.succeeded(0, operation_id("SET"), 1, 2ms);
  times.succeeded(0, operation_id("GET"), 1, 50us);
  times.succeeded(9, operation_id("GET"), 3, 20s);
  times.succeeded(0, OperationId::pipeline, 1, 1ms);
  times.succeeded(0, OperationId::multi, 1, 1ms);
  times.succeeded(0, OperationId::other, 1, 1ms);
  const auto list = collected(times);
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(list[0].name, "GET");
  EXPECT_EQ(list[0].durations.buckets.front(), 1U);
  EXPECT_EQ(list[0].durations.buckets.back(), 3U);
  EXPECT_EQ(list[0].durations.sum, 60s + 50us);
  EXPECT_EQ(list[1].name, "MULTI");
  EXPECT_EQ(list[2].name, "PIPELINE");
  EXPECT_EQ(list[3].name, "SET");
  EXPECT_EQ(list[4].name, "_OTHER");
  for (const CommandStats& command : list) EXPECT_EQ(command.error_type, "");
}

TEST(CommandTimes, SeparateErrors) {
  CommandTimes times;
  const OperationId get = operation_id("GET");
  times.succeeded(0, get, 1, 1ms);
  times.failed(get, ErrorType::of_reply("WRONGTYPE of a key"), 1ms);
  times.failed(get, ErrorType::of(Errc::timeout, {}), 5s);
  times.failed(get, ErrorType::of(Errc::timeout, {}), 5s);
  const auto list = collected(times);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].error_type, "");
  EXPECT_EQ(list[0].durations.count(), 1U);
  EXPECT_EQ(list[1].error_type, "WRONGTYPE");
  EXPECT_EQ(list[1].status_code, "WRONGTYPE");
  EXPECT_EQ(list[2].error_type, "timeout");
  EXPECT_EQ(list[2].status_code, "");
  EXPECT_EQ(list[2].durations.count(), 2U);
}

TEST(CommandTimes, KeepEachCommandOfTheList) {
  CommandTimes times;
  std::size_t rows = 0;
  info::for_each([&](const CommandInfo& row) {
    ++rows;
    times.succeeded(rows, row.operation, rows, 1ms);
    EXPECT_EQ(operation_name(row.operation), row.name);
  });
  const auto list = collected(times);
  EXPECT_EQ(list.size(), rows);
  std::uint64_t all = 0;
  for (const CommandStats& command : list) all += command.durations.count();
  EXPECT_EQ(all, rows * (rows + 1) / 2);
}

TEST(CommandTimes, CountFailuresBeyondTheLimitForOtherCommands) {
  CommandTimes times;
  std::size_t failures = 0;
  for (const char* const word : {"ERR", "OOM", "BUSY", "NOPERM", "WRONGTYPE"}) {
    info::for_each([&](const CommandInfo& row) {
      times.failed(row.operation, ErrorType::of_reply(word), 1ms);
      ++failures;
    });
  }
  ASSERT_GT(failures, CommandTimes::most_failures);
  const auto list = collected(times);
  EXPECT_LE(list.size(), CommandTimes::most_failures + ErrorType::count);
  std::uint64_t all = 0;
  for (const CommandStats& command : list) all += command.durations.count();
  EXPECT_EQ(all, failures) << "none is lost";
}

TEST(CommandTimes, LoseNothingWhenManyThreadsCount) {
  CommandTimes times;
  constexpr std::uint64_t threads = 8;
  constexpr std::uint64_t each = 2'000;
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&times, t] {
        for (std::uint64_t i = 0; i < each; ++i) {
          info::for_each_table([&](const auto& table) { times.succeeded(t, table[0].operation, 1, 1ms); });
          times.failed(operation_id("GET"), ErrorType::of(Errc::timeout, {}), 1ms);
        }
      });
    }
  }
  for (const CommandStats& command : collected(times))
    EXPECT_EQ(command.durations.count(), threads * each) << command.name;
}

TEST(ErrorType, KnownWordsAreSorted) {
  for (std::size_t i = 1; i < known_error_word_count; ++i)
    EXPECT_LT(known_error_words[i - 1], known_error_words[i]);
}

TEST(ErrorType, HasANameOfItsOwnForEachKind) {
  for (std::size_t i = 0; i != ErrorType::count; ++i) {
    for (std::size_t n = i + 1; n != ErrorType::count; ++n)
      EXPECT_NE(ErrorType::at(i).name(), ErrorType::at(n).name());
  }
}

TEST(ErrorType, KnowsTheWordsOfRefusals) {
  for (const Refusal& refusal : refusals) EXPECT_EQ(ErrorType::of_reply(refusal.word).name(), refusal.word);
}

TEST(ErrorType, TakesUnknownWordsTogether) {
  EXPECT_EQ(ErrorType::of_reply("").name(), "_OTHER");
  EXPECT_EQ(ErrorType::of_reply("wrongtype x").name(), "_OTHER");
  EXPECT_EQ(ErrorType::of_reply("WRONGTYPES x").name(), "_OTHER");
  EXPECT_EQ(ErrorType::of(Errc::server_error, "MINE x").name(), "_OTHER");
  EXPECT_TRUE(ErrorType::of_reply("MINE x").of_server());
  EXPECT_FALSE(ErrorType::of(Errc::timeout, "MINE x").of_server());
}

}  // namespace
}  // namespace redstart
