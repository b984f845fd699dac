// SPDX-License-Identifier: Apache-2.0
// attempt_series_test.cpp: which failed attempts are followed by others, on both sides.
#include "resilience/attempt_series.hpp"
#include "support/start_time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <vector>

namespace redstart {
namespace {

using test::start;
using namespace std::chrono_literals;

constexpr AttemptSide sides[] = {AttemptSide::direct, AttemptSide::queued};
constexpr Retry categories[] = {Retry::read, Retry::last_write_wins, Retry::accumulating};
constexpr RetryMode modes[] = {RetryMode::off, RetryMode::not_sent, RetryMode::reads,
                               RetryMode::last_write_wins, RetryMode::at_least_once};

// Three attempts, 10 and 20 ms apart.
RetryPolicy policy() {
  RetryPolicy policy;
  policy.attempts = 3;
  policy.backoff = {10ms, 1s, 2.0, Jitter::none};
  return policy;
}

AttemptRules rules(AttemptSide side) {
  AttemptRules rules;
  rules.side = side;
  rules.category = Retry::accumulating;
  rules.deadline = start + 5s;
  return rules;
}

FailedAttempt at_start(FailedAttempt attempt) {
  attempt.now = start;
  return attempt;
}

// The connection was lost. Nothing, or an unknown part of the command, was executed.
FailedAttempt lost(Effect effect) {
  FailedAttempt attempt;
  attempt.failure = {Errc::connection_lost, effect, Remedy::retry};
  return at_start(attempt);
}

// The server replied with `message`.
FailedAttempt refused(std::string_view message, ReplyOf of = ReplyOf::plain_command,
                      bool authenticated = false) {
  const ServerVerdict verdict = classify(message, of, authenticated);
  FailedAttempt attempt;
  attempt.failure = {Errc::server_error, verdict.effect, verdict.remedy};
  attempt.refused = true;
  attempt.condition = condition_of(message, authenticated && of != ReplyOf::script);
  return at_start(attempt);
}

FailedAttempt failed(Errc code, Effect effect, Remedy remedy = Remedy::retry) {
  FailedAttempt attempt;
  attempt.failure = {code, effect, remedy};
  return at_start(attempt);
}

FailedAttempt reused(FailedAttempt attempt) {
  attempt.reused = true;
  return attempt;
}
FailedAttempt unreached(FailedAttempt attempt) {
  attempt.reached = false;
  return attempt;
}
FailedAttempt second(FailedAttempt attempt) {
  attempt.made = 2;
  return attempt;
}
FailedAttempt third(FailedAttempt attempt) {
  attempt.made = 3;
  return attempt;
}

enum class Decision {
  answer,
  elsewhere,
  at_once,       // takes a token
  at_once_free,  // takes none
  backoff,       // takes a token, and waits
  loading,       // takes a token, waits, and isn't counted
};

std::ostream& operator<<(std::ostream& out, Decision decision) {
  constexpr const char* names[] = {"answer", "elsewhere", "at_once", "at_once_free", "backoff", "loading"};
  return out << names[static_cast<std::size_t>(decision)];
}

Decision decide(const AttemptRules& rules, const FailedAttempt& attempt) {
  RetryBudget budget;
  const Next next = AttemptSeries(policy(), rules).next(attempt, 0.5, budget);
  const auto tokens = budget.taken();
  if (next.kind == Next::Kind::answer) {
    EXPECT_EQ(tokens, 0U);
    return Decision::answer;
  }
  if (next.kind == Next::Kind::elsewhere) {
    EXPECT_EQ(tokens, 0U) << "the server ordered it";
    return Decision::elsewhere;
  }
  if (!next.counted) {
    EXPECT_EQ(next.delay, loading_poll);
    EXPECT_EQ(tokens, 1U);
    return Decision::loading;
  }
  if (next.delay == 0ms) return tokens == 0 ? Decision::at_once_free : Decision::at_once;
  EXPECT_EQ(next.delay, attempt.made == 1 ? 10ms : 20ms);
  EXPECT_EQ(tokens, 1U);
  return Decision::backoff;
}

// One situation, and what follows on each side. `change` restricts the call.
struct Row {
  const char* name;
  FailedAttempt attempt;
  Decision direct;
  Decision queued;
  void (*change)(AttemptRules&) = [](AttemptRules&) {};
};

void read(AttemptRules& rules) { rules.category = Retry::read; }
void last_write_wins(AttemptRules& rules) { rules.category = Retry::last_write_wins; }
void batch(AttemptRules& rules) { rules.batch = true; }
void internal(AttemptRules& rules) { rules.internal = true; }
void session(AttemptRules& rules) { rules.session = true; }
void awake(AttemptRules& rules) { rules.may_sleep = false; }
void off(AttemptRules& rules) { rules.mode = RetryMode::off; }
void only_not_sent(AttemptRules& rules) {
  rules.category = Retry::read;
  rules.mode = RetryMode::not_sent;
}
void overwrites(AttemptRules& rules) {
  rules.category = Retry::last_write_wins;
  rules.mode = RetryMode::last_write_wins;
}
void at_least_once(AttemptRules& rules) { rules.mode = RetryMode::at_least_once; }

void expect(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    for (const AttemptSide side : sides) {
      AttemptRules of = rules(side);
      row.change(of);
      const bool direct = side == AttemptSide::direct;
      const Decision expected = direct ? row.direct : row.queued;
      EXPECT_EQ(decide(of, row.attempt), expected) << row.name << (direct ? ", direct" : ", queued");
      const bool may = AttemptSeries(policy(), of).repeatable(row.attempt);
      EXPECT_TRUE(may || expected == Decision::answer) << row.name << ": next must not exceed repeatable";
    }
}

TEST(AttemptSeries, FollowsLossOfConnectionByEffectAndSide) {
  using enum Decision;
  const FailedAttempt unsent = lost(Effect::not_sent);
  const FailedAttempt unknown = lost(Effect::indeterminate);
  expect({
      // A queue waits for its next connection anyway. A caller pauses, unless an idle connection was closed.
      {"nothing sent", unreached(unsent), backoff, at_once_free},
      {"last byte not sent", unsent, backoff, at_once},
      {"nothing sent over a reused connection", reused(unreached(unsent)), at_once, at_once_free},
      {"read", unknown, backoff, at_once, read},
      {"read over a reused connection", reused(unknown), at_once, at_once, read},
      {"write that overwrites", unknown, answer, answer, last_write_wins},
      {"write that overwrites, allowed", unknown, backoff, at_once, overwrites},
      {"write that accumulates", unknown, answer, answer},
      {"write that accumulates over a reused connection", reused(unknown), answer, answer},
      {"write that accumulates, allowed", unknown, backoff, at_once, at_least_once},
      {"read of a call that allows unsent alone", unknown, answer, answer, only_not_sent},
      {"no retries allowed", unsent, answer, answer, off},
      // Only the first loss is followed at once.
      {"second attempt", second(unsent), backoff, backoff},
      {"second attempt, nothing sent", second(unreached(unsent)), backoff, backoff},
      {"second attempt over a reused connection", reused(second(unsent)), backoff, backoff},
      {"second attempt of a read", second(unknown), backoff, backoff, read},
      {"third attempt of three", third(unsent), answer, answer},
  });
}

TEST(AttemptSeries, FollowsOtherEndsOfExchange) {
  using enum Decision;
  const Failure timed_out{Errc::timeout, Effect::indeterminate, Remedy::retry};
  expect({
      {"time-out of a read before the deadline", failed(timed_out.code, timed_out.effect), backoff, at_once,
       read},
      {"time-out of a write", failed(timed_out.code, timed_out.effect), answer, answer},
      {"time-out over a reused connection", reused(failed(timed_out.code, timed_out.effect)), backoff,
       at_once, read},
      // The same reply would come again.
      {"reply beyond the limits", failed(Errc::protocol_error, Effect::indeterminate), answer, answer, read},
      {"reply beyond the limits, all allowed", failed(Errc::protocol_error, Effect::indeterminate), answer,
       answer, at_least_once},
      // It was the reply to another command.
      {"unsent when a malformed reply came", failed(Errc::protocol_error, Effect::not_sent), backoff,
       at_once},
      {"shutdown", failed(Errc::closed, Effect::not_sent, Remedy::never), answer, answer},
      {"cancelled by the caller", failed(Errc::cancelled, Effect::not_sent, Remedy::none), answer, answer},
      {"remedy never", failed(Errc::connection_lost, Effect::not_sent, Remedy::never), answer, answer},
      {"overloaded", failed(Errc::overloaded, Effect::not_sent), answer, answer},
      {"database away", failed(Errc::unavailable, Effect::not_sent), answer, answer},
      {"circuit open", failed(Errc::circuit_open, Effect::not_sent), answer, answer},
      {"no effect is known", failed(Errc::connection_lost, Effect::none), answer, answer, at_least_once},
  });
}

TEST(AttemptSeries, FollowsErrorRepliesAlikeOnBothSides) {
  using enum Decision;
  expect({
      {"READONLY", refused("READONLY You can't write against a read only replica."), backoff, backoff},
      {"MASTERDOWN", refused("MASTERDOWN Link with MASTER is down"), backoff, backoff},
      {"REDIRECT", refused("REDIRECT 10.0.0.1:6379"), backoff, backoff},
      {"UNBLOCKED", refused("UNBLOCKED force unblock from blocking operation, instance state changed"),
       backoff, backoff},
      {"BUSY", refused("BUSY Redis is busy running a script."), backoff, backoff},
      {"TRYAGAIN", refused("TRYAGAIN Multiple keys request during rehashing of slot"), backoff, backoff},
      {"CLUSTERDOWN", refused("CLUSTERDOWN The cluster is down"), backoff, backoff},
      {"NOREPLICAS", refused("NOREPLICAS Not enough good replicas to write."), backoff, backoff},
      {"too many clients", refused(no_room_for_clients), backoff, backoff},
      {"session lost", refused("NOAUTH Authentication required.", ReplyOf::plain_command, true), backoff,
       backoff},
      {"never authenticated", refused("NOAUTH Authentication required."), answer, answer},
      {"WRONGTYPE", refused("WRONGTYPE Operation against a key"), answer, answer, at_least_once},
      {"OOM", refused("OOM command not allowed"), answer, answer, at_least_once},
      {"MISCONF", refused("MISCONF Redis is configured to save"), answer, answer, at_least_once},
      {"NOPERM", refused("NOPERM this user has no permissions"), answer, answer},
      {"EXECABORT",
       refused("EXECABORT Transaction discarded because of previous errors.", ReplyOf::transaction), answer,
       answer},
      {"EXECABORT because of READONLY",
       refused("EXECABORT Transaction discarded because of: READONLY You can't write against a read only "
               "replica.",
               ReplyOf::transaction),
       backoff, backoff},
      {"script that may have written", refused("READONLY written by a script", ReplyOf::script), answer,
       answer, at_least_once},
      {"script that did not begin", refused("CLUSTERDOWN The cluster is down", ReplyOf::script), backoff,
       backoff},
      {"second refusal", second(refused("BUSY Redis is busy running a script.")), backoff, backoff},
      {"third refusal of three", third(refused("BUSY Redis is busy running a script.")), answer, answer},
      {"refusal, nothing allowed", refused("BUSY Redis is busy running a script."), answer, answer, off},
      // The first refusal is no loss: it is never repeated at once.
      {"refusal over a reused connection", reused(refused("BUSY Redis is busy running a script.")), backoff,
       backoff},
  });
}

TEST(AttemptSeries, LeavesRedirectedCommandsToRouter) {
  using enum Decision;
  expect({
      {"MOVED", refused("MOVED 3999 127.0.0.1:6381"), elsewhere, elsewhere},
      {"ASK", refused("ASK 3999 127.0.0.1:6381"), elsewhere, elsewhere},
      {"third MOVED", third(refused("MOVED 3999 127.0.0.1:6381")), elsewhere, elsewhere},
      {"MOVED on a thread that must not sleep", refused("MOVED 3999 127.0.0.1:6381"), elsewhere, elsewhere,
       awake},
      {"MOVED, nothing allowed", refused("MOVED 3999 127.0.0.1:6381"), answer, answer, off},
      {"MOVED of a session", refused("MOVED 3999 127.0.0.1:6381"), answer, answer, session},
      {"MOVED in a batch", refused("MOVED 3999 127.0.0.1:6381"), answer, answer, batch},
  });
}

TEST(AttemptSeries, WaitsForLoadingServerWithoutCounting) {
  using enum Decision;
  const FailedAttempt loading_reply = refused("LOADING Redis is loading the dataset in memory");
  FailedAttempt hundredth = loading_reply;
  hundredth.made = 100;
  expect({
      {"LOADING", loading_reply, loading, loading},
      {"LOADING in the hundredth attempt", hundredth, loading, loading},
      {"LOADING over a reused connection", reused(loading_reply), loading, loading},
      {"LOADING, nothing allowed", loading_reply, answer, answer, off},
      {"LOADING in a batch", loading_reply, answer, answer, batch},
      {"LOADING of a session", loading_reply, answer, answer, session},
      {"LOADING of a command of the pool", loading_reply, answer, answer, internal},
      {"LOADING on a thread that must not sleep", loading_reply, answer, answer, awake},
      {"LOADING that a script returned", refused("LOADING text", ReplyOf::script), answer, answer},
      {"EXECABORT because of LOADING",
       refused("EXECABORT Transaction discarded because of: LOADING Redis is loading", ReplyOf::transaction),
       loading, loading},
  });
}

TEST(AttemptSeries, RepeatsNoBatchThatBegan) {
  using enum Decision;
  expect({
      {"nothing sent", unreached(lost(Effect::not_sent)), backoff, at_once_free, batch},
      {"first command partly sent", lost(Effect::not_sent), backoff, at_once, batch},
      {"sent", lost(Effect::indeterminate), answer, answer,
       [](AttemptRules& rules) {
         read(rules);
         rules.batch = true;
       }},
      {"sent, all allowed", lost(Effect::indeterminate), answer, answer,
       [](AttemptRules& rules) {
         at_least_once(rules);
         rules.batch = true;
       }},
      {"a command was refused", refused("BUSY Redis is busy running a script."), answer, answer, batch},
  });
}

TEST(AttemptSeries, RepeatsNothingThatCallerWouldMiss) {
  using enum Decision;
  for (void (*change)(AttemptRules&) : {internal, session})
    expect({
        {"unsent", unreached(lost(Effect::not_sent)), answer, answer, change},
        {"lost", reused(lost(Effect::not_sent)), answer, answer, change},
        {"refused", refused("READONLY You can't write against a read only replica."), answer, answer, change},
    });
}

// The caller of a synchronous call may be a handler on an I/O thread.
TEST(AttemptSeries, DoesNotDelayThreadsThatServeConnections) {
  using enum Decision;
  expect({
      {"delay", lost(Effect::not_sent), answer, at_once, awake},
      {"no delay", reused(lost(Effect::not_sent)), at_once, at_once, awake},
      {"second attempt", second(reused(lost(Effect::not_sent))), answer, answer, awake},
      {"refusal", refused("BUSY Redis is busy running a script."), answer, answer, awake},
  });
}

TEST(AttemptSeries, RespectsEffectAndRemedyInEveryCombination) {
  constexpr Effect effects[] = {Effect::none, Effect::server_error, Effect::not_sent, Effect::indeterminate};
  constexpr Remedy remedies[] = {Remedy::none, Remedy::retry, Remedy::reconnect, Remedy::never};
  constexpr ServerCondition conditions[] = {ServerCondition::serving, ServerCondition::loading,
                                            ServerCondition::elsewhere, ServerCondition::other_role,
                                            ServerCondition::session_lost};
  int repeated = 0;
  for (const ErrcInfo& code : errc_table)
    for (const Effect effect : effects)
      for (const Remedy remedy : remedies)
        for (const ServerCondition condition : conditions)
          for (const Retry category : categories)
            for (const RetryMode mode : modes)
              for (const AttemptSide side : sides)
                for (unsigned bits = 0; bits != 32; ++bits) {
                  AttemptRules of = rules(side);
                  of.category = category;
                  of.mode = mode;
                  of.batch = (bits & 1U) != 0;
                  of.may_sleep = (bits & 2U) == 0;
                  FailedAttempt attempt = failed(code.code, effect, remedy);
                  attempt.refused = (bits & 4U) != 0;
                  attempt.reused = (bits & 8U) != 0;
                  attempt.reached = (bits & 16U) == 0;
                  if (attempt.refused) attempt.condition = condition;
                  RetryBudget budget;
                  const Next next = AttemptSeries(policy(), of).next(attempt, 0.5, budget);
                  if (next.kind == Next::Kind::answer) continue;
                  ++repeated;
                  ASSERT_NE(mode, RetryMode::off);
                  ASSERT_NE(remedy, Remedy::never);
                  ASSERT_FALSE(is_final(code.code));
                  ASSERT_TRUE(effect == Effect::not_sent || effect == Effect::indeterminate);
                  ASSERT_TRUE(effect == Effect::not_sent || may_repeat(attempt.failure, category, mode));
                  ASSERT_FALSE(of.batch && (attempt.refused || effect != Effect::not_sent));
                  ASSERT_TRUE(of.may_sleep || next.delay == 0ms);
                  ASSERT_LT(next.delay, of.deadline - start);
                }
  EXPECT_GT(repeated, 1000);
}

TEST(AttemptSeries, TakesModeOfPolicyUnlessCallHasItsOwn) {
  RetryPolicy none = policy();
  none.mode = RetryMode::off;
  AttemptRules of = rules(AttemptSide::direct);
  RetryBudget budget;
  EXPECT_FALSE(AttemptSeries(none, of).next(lost(Effect::not_sent), 0.5, budget).again());
  of.mode = RetryMode::not_sent;
  EXPECT_TRUE(AttemptSeries(none, of).next(lost(Effect::not_sent), 0.5, budget).again());
}

TEST(AttemptSeries, ScalesDelayWithRandomAndNumberOfAttempts) {
  RetryPolicy full;
  full.attempts = 10;
  full.backoff = {20ms, 1s, 2.0, Jitter::full};
  const AttemptSeries series(full, rules(AttemptSide::direct));
  RetryBudget budget;
  FailedAttempt attempt = lost(Effect::not_sent);
  EXPECT_EQ(series.next(attempt, 0.0, budget).delay, 0ms);
  EXPECT_EQ(series.next(attempt, 0.5, budget).delay, 10ms);
  attempt.made = 3;
  EXPECT_EQ(series.next(attempt, 0.5, budget).delay, 40ms);
  attempt.made = 9;
  EXPECT_EQ(series.next(attempt, 0.5, budget).delay, 500ms);
}

TEST(AttemptSeries, BeginsNoAttemptAtDeadlineOrLater) {
  for (const AttemptSide side : sides) {
    AttemptRules of = rules(side);
    of.deadline = start + 10ms;
    EXPECT_EQ(decide(of, second(lost(Effect::not_sent))), Decision::answer);
    of.deadline = start + 21ms;
    EXPECT_EQ(decide(of, second(lost(Effect::not_sent))), Decision::backoff);
    EXPECT_EQ(decide(of, refused("LOADING text")), Decision::loading);
    of.deadline = start + 20ms;
    EXPECT_EQ(decide(of, refused("LOADING text")), Decision::answer);
    of.deadline = start;
    EXPECT_EQ(decide(of, reused(unreached(lost(Effect::not_sent)))), Decision::answer);
    of.deadline = start - 1h;
    EXPECT_EQ(decide(of, refused("LOADING text")), Decision::answer);
    EXPECT_EQ(decide(of, lost(Effect::not_sent)), Decision::answer);
  }
}

// A blocking command that began later could only end as a time-out whose effect nobody knows.
TEST(AttemptSeries, RepeatsBlockingCommandOnlyWithItsWholeTimeLeft) {
  const FailedAttempt unblocked =
      refused("UNBLOCKED force unblock from blocking operation, instance state changed");
  for (const AttemptSide side : sides) {
    AttemptRules of = rules(side);
    of.blocks_for = 2s;
    of.deadline = start + 2s + 11ms;
    EXPECT_EQ(decide(of, unblocked), Decision::backoff);
    of.deadline = start + 2s + 10ms;
    EXPECT_EQ(decide(of, unblocked), Decision::answer) << "the delay would use up its time";
    EXPECT_EQ(decide(of, reused(lost(Effect::not_sent))), Decision::at_once);
    of.deadline = start + 2s;
    EXPECT_EQ(decide(of, reused(lost(Effect::not_sent))), Decision::answer);
    of.deadline = start + 1s;
    EXPECT_EQ(decide(of, unblocked), Decision::answer);
  }
}

TEST(AttemptSeries, RepeatsCommandThatBlocksWithoutLimitUntilDeadline) {
  for (const AttemptSide side : sides) {
    AttemptRules of = rules(side);
    of.blocks_for = 0ms;
    of.deadline = start + 11ms;
    EXPECT_EQ(decide(of, lost(Effect::not_sent)),
              side == AttemptSide::direct ? Decision::backoff : Decision::at_once);
    of.deadline = TimePoint::max();
    EXPECT_EQ(decide(of, second(lost(Effect::not_sent))), Decision::backoff);
  }
}

TEST(AttemptSeries, WaitsForTokenAfterLoading) {
  for (const AttemptSide side : sides) {
    RetryBudget budget({.share = 0.1, .trickle = 2.0, .capacity = 1.0});
    const AttemptSeries series(policy(), rules(side));
    const FailedAttempt attempt = refused("LOADING text");
    EXPECT_EQ(series.next(attempt, 0.5, budget).delay, loading_poll) << "the saved token";
    EXPECT_EQ(series.next(attempt, 0.5, budget).delay, 500ms);
    EXPECT_EQ(series.next(attempt, 0.5, budget).delay, 1s);
    EXPECT_EQ(budget.taken(), 3U);
  }
}

TEST(AttemptSeries, WaitsUntilDeadlineIfNoTokenComesAfterLoading) {
  RetryBudget budget({.share = 0.1, .trickle = 0.1, .capacity = 1.0});
  static_cast<void>(budget.take(start));
  const FailedAttempt attempt = refused("LOADING text");
  AttemptRules of = rules(AttemptSide::queued);
  const Next next = AttemptSeries(policy(), of).next(attempt, 0.5, budget);
  EXPECT_TRUE(next.again());
  EXPECT_EQ(next.delay, 5s);
  EXPECT_EQ(budget.refused(), 1U);
  of.blocks_for = 1s;
  of.deadline += 1s;
  EXPECT_FALSE(AttemptSeries(policy(), of).next(attempt, 0.5, budget).again())
      << "it could not run any more: the caller gets the error now";
  EXPECT_EQ(budget.refused(), 2U);
}

TEST(AttemptSeries, RepeatsNothingWithoutToken) {
  RetryBudget budget({.share = 0.1, .trickle = 0.1, .capacity = 1.0});
  static_cast<void>(budget.take(start));
  for (const AttemptSide side : sides) {
    const AttemptSeries series(policy(), rules(side));
    EXPECT_FALSE(series.next(refused("BUSY text"), 0.5, budget).again());
    EXPECT_FALSE(series.next(reused(lost(Effect::not_sent)), 0.5, budget).again());
  }
  EXPECT_TRUE(AttemptSeries(policy(), rules(AttemptSide::queued))
                  .next(unreached(lost(Effect::not_sent)), 0.5, budget)
                  .again())
      << "nothing was sent: the server gets no additional command";
}

TEST(LatestStart, LeavesBlockingTimeBeforeDeadline) {
  const TimePoint deadline = start + 10s;
  EXPECT_EQ(latest_start(deadline, std::nullopt), deadline);
  EXPECT_EQ(latest_start(deadline, 4s), start + 6s);
  EXPECT_EQ(latest_start(deadline, 0ms), deadline) << "zero: without limit";
  EXPECT_EQ(latest_start(deadline, -1ms), deadline) << "the server refuses it at once";
  EXPECT_EQ(latest_start(TimePoint::max(), 4s), TimePoint::max());
}

// WhenAway::wait

AttemptRules waiting(AttemptSide side) {
  AttemptRules of = rules(side);
  of.while_away = true;
  return of;
}

bool waits(const AttemptRules& rules, const Failure& failure, TimePoint now = start) {
  const Next next = AttemptSeries(policy(), rules).while_away(failure, now);
  if (next.again()) {
    EXPECT_EQ(next.delay, away_poll);
    EXPECT_FALSE(next.counted);
  }
  return next.again();
}

TEST(AttemptSeriesAway, WaitsDespiteFailuresThatTimeMayCure) {
  for (const AttemptSide side : sides) {
    const AttemptRules of = waiting(side);
    for (const Errc code :
         {Errc::resolve_failed, Errc::connect_refused, Errc::connect_timeout, Errc::connect_failed,
          Errc::resource_exhausted, Errc::handshake_failed, Errc::authentication_failed, Errc::tls_failed,
          Errc::unavailable, Errc::circuit_open})
      EXPECT_TRUE(waits(of, {code, Effect::not_sent, Remedy::retry})) << to_string(code);
  }
}

TEST(AttemptSeriesAway, WaitsForNothingElse) {
  for (const AttemptSide side : sides)
    for (const ErrcInfo& code : errc_table) {
      const bool cured = code.unavailable && code.code != Errc::loading && code.code != Errc::pool_timeout &&
                         code.code != Errc::closed;
      EXPECT_EQ(waits(waiting(side), {code.code, Effect::not_sent, Remedy::retry}), cured) << code.name;
    }
}

TEST(AttemptSeriesAway, FailsOnWhatNoLaterAttemptChanges) {
  for (const AttemptSide side : sides) {
    EXPECT_FALSE(waits(waiting(side), {Errc::authentication_failed, Effect::not_sent, Remedy::never}));
    EXPECT_FALSE(waits(waiting(side), {Errc::tls_failed, Effect::not_sent, Remedy::never}));
    EXPECT_TRUE(waits(waiting(side), {Errc::circuit_open, Effect::not_sent, Remedy::never}))
        << "a breaker that was forced open may be released";
  }
}

TEST(AttemptSeriesAway, FailsFastUnlessSettingSaysWait) {
  const Failure away{Errc::connect_refused, Effect::not_sent, Remedy::retry};
  for (const AttemptSide side : sides) {
    EXPECT_FALSE(waits(rules(side), away));
    AttemptRules of = waiting(side);
    of.session = true;
    EXPECT_FALSE(waits(of, away)) << "the state of its connection is lost";
    of = waiting(side);
    of.may_sleep = false;
    EXPECT_FALSE(waits(of, away));
  }
}

TEST(AttemptSeriesAway, WaitsUntilLatestStart) {
  const Failure away{Errc::connect_refused, Effect::not_sent, Remedy::retry};
  for (const AttemptSide side : sides) {
    AttemptRules of = waiting(side);
    EXPECT_TRUE(waits(of, away, of.deadline - 1ms));
    EXPECT_FALSE(waits(of, away, of.deadline));
    of.blocks_for = 2s;
    EXPECT_TRUE(waits(of, away, of.deadline - 2s - 1ms));
    EXPECT_FALSE(waits(of, away, of.deadline - 2s)) << "a blocking command needs its whole time";
    of.blocks_for = 0ms;
    EXPECT_TRUE(waits(of, away, of.deadline - 1ms));
  }
}

// The user's own blocks wait by their policy, commands by `while_away`.
TEST(AttemptSeriesAway, IgnoresSettingOfPolicy) {
  RetryPolicy patient = policy();
  patient.while_away = true;
  RetryBudget budget;
  const AttemptSeries series(patient, rules(AttemptSide::direct));
  EXPECT_FALSE(series.next(failed(Errc::unavailable, Effect::not_sent), 0.5, budget).again());
}

}  // namespace
}  // namespace redstart
