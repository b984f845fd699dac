// SPDX-License-Identifier: Apache-2.0
// attempt_series.cpp: rules for further attempts, in the order of their precedence.
#include "attempt_series.hpp"

#include <algorithm>

namespace redstart::inline v0 {

using namespace std::chrono_literals;

Next AttemptSeries::next(const FailedAttempt& attempt, double random, RetryBudget& budget) const noexcept {
  if (!repeatable(attempt)) return {};
  if (attempt.condition == ServerCondition::elsewhere) return {Next::Kind::elsewhere, 0ms, false};
  if (attempt.condition == ServerCondition::loading) return after_loading(attempt, budget);
  RetryPolicy policy = policy_;
  policy.mode = mode();
  policy.while_away = false;  // `while_away` decides about waiting
  const bool at_once = replaces_connection(attempt);
  if (at_once)
    policy.backoff = {0ms, 0ms, 1.0, Jitter::none};
  else if (!rules_.may_sleep)
    return {};
  // If nothing was sent, the server gets no additional command.
  const bool free = at_once && rules_.side == AttemptSide::queued && !attempt.reached;
  RetrySeries series(policy, rules_.category, attempt.made, random);
  const auto delay =
      series.next(attempt.failure, attempt.now, latest_start(rules_.deadline, rules_.blocks_for), random,
                  free ? nullptr : &budget);
  if (!delay) return {};
  return {Next::Kind::again, *delay, true};
}

bool AttemptSeries::repeatable(const FailedAttempt& attempt) const noexcept {
  if (rules_.internal || rules_.session) return false;
  const bool unsent = attempt.failure.effect == Effect::not_sent;
  if (rules_.batch && (attempt.refused || !unsent)) return false;
  // A reply to this command that was malformed or beyond the limits would come again.
  if (!attempt.refused && !unsent && attempt.failure.code == Errc::protocol_error) return false;
  return may_repeat(attempt.failure, rules_.category, mode());
}

// True if the first loss of a connection is answered with an attempt on another one, at once. A server may
// close an idle connection between the check and the send. A queue waits for its connection anyway, and
// `reconnect` delays that.
bool AttemptSeries::replaces_connection(const FailedAttempt& attempt) const noexcept {
  if (attempt.refused || attempt.made != 1) return false;
  if (rules_.side == AttemptSide::queued) return true;
  return attempt.reused && attempt.failure.code == Errc::connection_lost;
}

// LOADING ends by itself, so attempts are not limited. Each takes a token of the budget or waits for one. If
// none comes in time, the call waits until its deadline.
Next AttemptSeries::after_loading(const FailedAttempt& attempt, RetryBudget& budget) const noexcept {
  if (!rules_.may_sleep || attempt.failure.effect != Effect::not_sent) return {};
  const TimePoint latest = latest_start(rules_.deadline, rules_.blocks_for);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(latest - attempt.now);
  if (left <= loading_poll) return {};
  const auto wait = budget.reserve(attempt.now, left - loading_poll);
  if (!wait) {
    if (rules_.blocks_for) return {};
    return {Next::Kind::again, left, false};
  }
  return {Next::Kind::again, std::max(loading_poll, std::chrono::ceil<std::chrono::milliseconds>(*wait)),
          false};
}

Next AttemptSeries::while_away(const Failure& failure, TimePoint now) const noexcept {
  if (!rules_.while_away || !rules_.may_sleep || rules_.session || !may_pass(failure)) return {};
  if (now >= latest_start(rules_.deadline, rules_.blocks_for)) return {};
  return {Next::Kind::again, away_poll, false};
}

}  // namespace redstart::inline v0
