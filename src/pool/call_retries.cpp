// SPDX-License-Identifier: Apache-2.0
// call_retries.cpp: asks what follows a failed attempt, and sleeps until then.
#include "call_retries.hpp"

#include "../net/loop.hpp"

#include "../resilience/server_condition.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::pool {

using namespace std::chrono_literals;

void record(Admission& admission, const net::Outcome& outcome) {
  switch (outcome.kind) {
    case net::Outcome::Kind::answered: return admission.succeeded(outcome.end);
    case net::Outcome::Kind::error_reply:
      if (condition_of(outcome.text) == ServerCondition::loading) return admission.drop();
      return admission.succeeded(outcome.end);
    case net::Outcome::Kind::broken: break;
  }
  const bool server_failed = verdict(outcome.code) == BreakerVerdict::failure &&
                             !(outcome.code == Errc::timeout && outcome.effect == Effect::not_sent);
  if (server_failed)
    admission.failed(outcome.end, outcome.text);
  else
    admission.drop();
}

AttemptRules CallRetries::rules() const noexcept {
  AttemptRules rules;
  rules.side = AttemptSide::direct;
  rules.category = request_.retry;
  rules.mode = mode_;
  rules.deadline = deadline_;
  rules.blocks_for = request_.blocks_for;
  rules.batch = of_ == Of::batch;
  rules.may_sleep = !net::on_loop_thread();
  rules.while_away = server_.database().waits_while_away();
  return rules;
}

bool CallRetries::wait_for_database(const ErrorInfo& why, TimePoint& now) const {
  if (!server_.database().waits_while_away()) return false;
  now = Clock::now();
  const Next next = server_.database().retries().while_away(rules(), why, now);
  return next.again() && sleep(next.delay, now);
}

bool CallRetries::sleep(std::chrono::milliseconds delay, TimePoint& now) const {
  if (delay > 0ms) {
    if (!pool_.pause(std::min(deadline_after(now, delay), deadline_))) return false;
    now = Clock::now();
  }
  return now < latest_start();
}

CallRetries::Delay CallRetries::next(const net::Outcome& outcome, bool reused) {
  const bool refused = outcome.kind == net::Outcome::Kind::error_reply;
  FailedAttempt attempt;
  attempt.failure = server_.failure_of(outcome, request_.reply_of);
  attempt.refused = refused;
  if (refused) attempt.condition = server_.condition_of(outcome.text, request_.reply_of);
  attempt.reused = reused;
  attempt.made = made_;
  attempt.now = outcome.end;
  const Next next = server_.database().retries().next(rules(), attempt, request_.name, outcome.text);
  if (!next.again()) return std::nullopt;
  if (next.counted) ++made_;
  if (!refused && outcome.effect == Effect::indeterminate) uncertain_ = true;
  return next.delay;
}

Error CallRetries::failed(std::uint64_t commands, ErrorInfo info) const {
  if (uncertain_) info.effect = Effect::indeterminate;
  info.attempts = made_;
  return server_.failed(request_.name, commands, std::move(info));
}

}  // namespace redstart::inline v0::pool
