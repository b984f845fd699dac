// SPDX-License-Identifier: Apache-2.0
// retry_policy_test.cpp: which calls are repeated, and with which delays.
#include <redstart/resilience/retry_policy.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <tuple>
#include <vector>

#include "support/start_time.hpp"
#include "unit/resilience/almost_one.hpp"

namespace redstart {
namespace {

using test::almost_one;
using test::start;
using namespace std::chrono_literals;

constexpr Effect effects[] = {Effect::none, Effect::server_error, Effect::not_sent, Effect::indeterminate};
constexpr Remedy remedies[] = {Remedy::none, Remedy::retry, Remedy::reconnect, Remedy::never};
constexpr Retry repeat_categories[] = {Retry::read, Retry::last_write_wins, Retry::accumulating};
constexpr RetryMode repeat_modes[] = {RetryMode::off, RetryMode::not_sent, RetryMode::reads,
                                      RetryMode::last_write_wins, RetryMode::at_least_once};
constexpr Failure lost_reply{Errc::connection_lost, Effect::indeterminate, Remedy::none};
constexpr Failure refused_reply{Errc::server_error, Effect::not_sent, Remedy::retry};

std::vector<Errc> codes() {
  std::vector<Errc> all;
  for (int i = 0; to_string(static_cast<Errc>(i)) != "unknown"; ++i) all.push_back(static_cast<Errc>(i));
  return all;
}

TEST(MayRepeat, RepeatsIndeterminateOnlyIfModeAllowsCategory) {
  // The complete table.
  using enum RetryMode;
  const std::set<std::tuple<Retry, RetryMode>> allowed = {
      {Retry::read, reads},
      {Retry::read, last_write_wins},
      {Retry::read, at_least_once},
      {Retry::last_write_wins, last_write_wins},
      {Retry::last_write_wins, at_least_once},
      {Retry::accumulating, at_least_once},
  };
  for (const Retry category : repeat_categories)
    for (const RetryMode mode : repeat_modes)
      EXPECT_EQ(may_repeat(lost_reply, category, mode), allowed.count({category, mode}) == 1)
          << static_cast<int>(category) << " " << static_cast<int>(mode);
}

TEST(MayRepeat, RepeatsUnsentInEveryModeExceptOff) {
  for (const Retry category : repeat_categories)
    for (const RetryMode mode : repeat_modes)
      EXPECT_EQ(may_repeat(refused_reply, category, mode), mode != RetryMode::off);
}

TEST(MayRepeat, FollowsRulesInEveryCombination) {
  ASSERT_EQ(codes().size(), 27U);
  int allowed = 0;
  for (const Errc code : codes())
    for (const Effect effect : effects)
      for (const Remedy remedy : remedies)
        for (const Retry category : repeat_categories)
          for (std::size_t m = 0; m < std::size(repeat_modes); ++m) {
            const bool may = may_repeat({code, effect, remedy}, category, repeat_modes[m]);
            if (!may) continue;
            ++allowed;
            ASSERT_NE(repeat_modes[m], RetryMode::off);
            ASSERT_NE(remedy, Remedy::never);
            ASSERT_FALSE(is_final(code)) << to_string(code);
            ASSERT_TRUE(effect == Effect::not_sent || effect == Effect::indeterminate);
            // Each mode allows what the one before it allows.
            for (std::size_t more = m; more < std::size(repeat_modes); ++more)
              ASSERT_TRUE(may_repeat({code, effect, remedy}, category, repeat_modes[more]));
          }
  EXPECT_GT(allowed, 0);
}

TEST(MayRepeat, NeverRepeatsCancelledOrInvalidCalls) {
  for (const Errc code :
       {Errc::cancelled, Errc::closed, Errc::forked, Errc::would_deadlock, Errc::not_allowed,
        Errc::invalid_argument, Errc::decode_error, Errc::unknown_database, Errc::not_started})
    EXPECT_FALSE(may_repeat({code, Effect::not_sent, Remedy::retry}, Retry::read, RetryMode::at_least_once))
        << to_string(code);
}

TEST(MayRepeat, FollowsServerErrorCode) {
  const auto failure = [](std::string_view words, ReplyOf of) {
    const ServerVerdict verdict = classify(words, of);
    return Failure{Errc::server_error, verdict.effect, verdict.remedy};
  };
  const auto may = [&](std::string_view words, ReplyOf of = ReplyOf::plain_command) {
    return may_repeat(failure(words, of), Retry::accumulating, RetryMode::reads);
  };
  EXPECT_TRUE(may("LOADING Redis is loading the dataset in memory"));
  EXPECT_TRUE(may("READONLY You can't write against a read only replica."));
  EXPECT_TRUE(may("ERR max number of clients reached"));
  EXPECT_FALSE(may("OOM command not allowed when used memory > 'maxmemory'."));
  EXPECT_FALSE(may("NOAUTH Authentication required."));
  EXPECT_FALSE(may("WRONGTYPE Operation against a key holding the wrong kind of value"));
  EXPECT_FALSE(may("READONLY from a script that had written", ReplyOf::script));
}

TEST(RetrySeries, AllowsThreeAttemptsWithFullJitterByDefault) {
  RetrySeries longest(RetryPolicy{}, Retry::read);
  EXPECT_EQ(longest.next(lost_reply, start, TimePoint::max(), almost_one, nullptr), 19ms);
  EXPECT_EQ(longest.next(lost_reply, start, TimePoint::max(), almost_one, nullptr), 39ms);
  EXPECT_EQ(longest.attempts(), 3U);
  EXPECT_EQ(longest.next(lost_reply, start, TimePoint::max(), almost_one, nullptr), std::nullopt);
  RetrySeries shortest(RetryPolicy{}, Retry::read);
  EXPECT_EQ(shortest.next(lost_reply, start, TimePoint::max(), 0.0, nullptr), 0ms);
}

TEST(RetrySeries, LimitsDelaysToOneSecond) {
  RetryPolicy policy;
  policy.attempts = 100;
  RetrySeries series(policy, Retry::read);
  for (int n = 1; n < 100; ++n) {
    const auto delay = series.next(lost_reply, start, TimePoint::max(), almost_one, nullptr);
    ASSERT_TRUE(delay.has_value());
    ASSERT_LE(*delay, 1s);
    ASSERT_GE(*delay, n > 7 ? 999ms : 19ms);
  }
  EXPECT_FALSE(series.next(lost_reply, start, TimePoint::max(), 0.0, nullptr).has_value());
}

TEST(RetrySeries, DoesNotRetryWithOneAttempt) {
  RetryPolicy policy;
  policy.attempts = 1;
  EXPECT_FALSE(RetrySeries(policy, Retry::read)
                   .next(refused_reply, start, TimePoint::max(), 0.0, nullptr)
                   .has_value());
}

TEST(RetrySeries, EndsBeforeDeadline) {
  RetryPolicy policy;
  policy.backoff = {20ms, 20ms, 1.0, Jitter::none};
  const auto next = [&](TimePoint deadline) {
    return RetrySeries(policy, Retry::read).next(lost_reply, start, deadline, 0.0, nullptr);
  };
  EXPECT_EQ(next(start + 20ms + 1ns), 20ms);
  EXPECT_FALSE(next(start + 20ms).has_value()) << "it would begin when time is up";
  EXPECT_FALSE(next(start).has_value());
  EXPECT_FALSE(next(start - 1s).has_value());
  EXPECT_FALSE(next(TimePoint::min()).has_value());
  EXPECT_TRUE(next(TimePoint::max()).has_value());
}

TEST(RetrySeries, FailsFastWhenDatabaseIsAway) {
  RetryPolicy policy;
  policy.while_away = false;
  const auto next = [&](Errc code) {
    return RetrySeries(policy, Retry::read)
        .next({code, Effect::not_sent, Remedy::retry}, start, TimePoint::max(), 0.0, nullptr)
        .has_value();
  };
  for (const Errc code : {Errc::unavailable, Errc::connect_refused, Errc::connect_timeout,
                          Errc::resolve_failed, Errc::pool_timeout, Errc::overloaded})
    EXPECT_FALSE(next(code)) << to_string(code);
  for (const Errc code : {Errc::loading, Errc::server_error, Errc::connection_lost})
    EXPECT_TRUE(next(code)) << to_string(code);
  policy.while_away = true;
  EXPECT_TRUE(next(Errc::unavailable));
}

TEST(RetrySeries, ChecksBudgetLast) {
  RetryBudget budget({0.0, 0.0, 1.0});
  RetryPolicy policy;
  policy.attempts = 10;
  RetrySeries series(policy, Retry::accumulating);
  EXPECT_FALSE(series.next(lost_reply, start, TimePoint::max(), 0.0, &budget).has_value())
      << "not allowed to run twice";
  EXPECT_FALSE(series.next(refused_reply, start, start, 0.0, &budget).has_value()) << "too late";
  EXPECT_EQ(budget.taken(), 0U);
  EXPECT_TRUE(series.next(refused_reply, start, TimePoint::max(), 0.0, &budget).has_value());
  EXPECT_FALSE(series.next(refused_reply, start, TimePoint::max(), 0.0, &budget).has_value())
      << "the budget is used up";
  EXPECT_EQ(budget.taken(), 1U);
  EXPECT_EQ(budget.refused(), 1U);
  EXPECT_EQ(series.attempts(), 2U);
}

}  // namespace
}  // namespace redstart
