// SPDX-License-Identifier: Apache-2.0
// call_retries.cpp: decides what follows a failed attempt of a call.
#include "call_retries.hpp"

#include "../net/loop.hpp"

#include "../resilience/server_condition.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

using namespace std::chrono_literals;

// How often a call that waits for its database checks whether it is back.
constexpr auto attempt_poll = 20ms;

}  // namespace

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

bool CallRetries::wait_for_database(const ErrorInfo& why, TimePoint& now) const {
  const bool away = is_unavailable(why.code) && why.code != Errc::loading && why.code != Errc::pool_timeout &&
                    why.code != Errc::closed;
  if (!server_.database().waits_while_away() || !away || net::on_loop_thread()) return false;
  // Don't wait for an error that no later attempt can change. A breaker that was forced open may be
  // released.
  if (why.remedy == Remedy::never && why.code != Errc::circuit_open) return false;
  now = Clock::now();
  return now < deadline_ && sleep(attempt_poll, now) && now < deadline_;
}

bool CallRetries::sleep(std::chrono::milliseconds delay, TimePoint& now) const {
  if (delay > 0ms) {
    if (!pool_.pause(std::min(deadline_after(now, delay), deadline_))) return false;
    now = Clock::now();
  }
  return now < deadline_;
}

Retries::Delay CallRetries::next(const net::Outcome& outcome, bool reused) {
  const bool refused = outcome.kind == net::Outcome::Kind::error_reply;
  const ServerCondition condition =
      refused ? server_.condition_of(outcome.text, request_.reply_of) : ServerCondition::serving;
  if (condition == ServerCondition::elsewhere) return std::nullopt;
  // The reply was malformed or beyond the limits. It would come again.
  if (!refused && outcome.code == Errc::protocol_error) return std::nullopt;
  FailedAttempt attempt{server_.failure_of(outcome, request_.reply_of),
                        request_.name,
                        outcome.text,
                        request_.retry,
                        mode_,
                        made_,
                        outcome.end,
                        deadline_};
  Retries& retries = server_.database().retries();
  Retries::Delay delay;
  if (condition == ServerCondition::loading) {
    delay = retries.after_loading(attempt);
    if (delay && net::on_loop_thread()) delay.reset();
  } else {
    // The server may close an idle connection between the check and the send: retry at once.
    const bool unlucky = !refused && outcome.code == Errc::connection_lost && reused && made_ == 1;
    if (unlucky) {
      if (retries.at_once(attempt, true)) delay = 0ms;
    } else if (!net::on_loop_thread()) {
      delay = retries.next(attempt);
    }
    if (delay) ++made_;
  }
  if (delay && !refused && outcome.effect == Effect::indeterminate) uncertain_ = true;
  return delay;
}

Error CallRetries::failed(std::uint64_t commands, ErrorInfo info) const {
  if (uncertain_) info.effect = Effect::indeterminate;
  info.attempts = made_;
  return server_.failed(request_.name, commands, std::move(info));
}

}  // namespace redstart::inline v0::pool
