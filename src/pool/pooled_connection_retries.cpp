// SPDX-License-Identifier: Apache-2.0
// pooled_connection_retries.cpp: applies breaker and retry policy to operations of a pooled connection.
#include "../core/failures.hpp"
#include "../resilience/server_condition.hpp"
#include "pooled_connection.hpp"

#include <redstart/core/server_reply.hpp>

#include <limits>
#include <string>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

using namespace std::chrono_literals;

std::string_view name_of(const engine::OperationNode& operation) noexcept {
  const std::uint32_t replies = operation.request.replies;
  if (replies == 0) return "connect";
  return replies > 1 ? std::string_view("pipeline") : engine::command_name(operation.request.bytes.view());
}

FailedAttempt attempt_of(const engine::OperationNode& operation, const Failure& failure, TimePoint now) {
  FailedAttempt attempt;
  attempt.failure = failure;
  attempt.made = operation.attempts + 1U;
  attempt.now = now;
  return attempt;
}

void count_attempt(engine::OperationNode& operation) noexcept {
  if (operation.attempts != std::numeric_limits<std::uint8_t>::max()) ++operation.attempts;
}

}  // namespace

AttemptRules PooledConnection::rules_of(const engine::OperationNode& operation) const noexcept {
  AttemptRules rules;
  rules.side = AttemptSide::queued;
  rules.category = operation.request.traits.retry;
  rules.mode = operation.options.retry;
  rules.deadline = operation.deadline;
  rules.blocks_for = operation.request.traits.blocks_for;
  rules.batch = operation.request.replies != 1;
  rules.internal = operation.internal;
  rules.session = !may_retry();
  return rules;
}

bool PooledConnection::admit(engine::OperationNode& operation, TimePoint now) {
  Breaker& breaker = context_->server->breaker();
  if (operation.request.replies == 0) return !breaker.refuses(now);
  if (connection_->reply_overdue()) return false;  // a probe behind a stuck reply proves nothing
  operation.ticket = breaker.admit(now, !operation.request.traits.blocks_for);
  return operation.ticket != 0;
}

void PooledConnection::end_ticket(engine::OperationNode& operation, BreakerVerdict verdict, TimePoint now,
                                  std::string_view why) {
  const Breaker::Ticket ticket = std::exchange(operation.ticket, 0);
  if (ticket == 0 || operation.internal) return;
  Breaker& breaker = context_->server->breaker();
  switch (verdict) {
    case BreakerVerdict::success: return breaker.succeeded(ticket, now);
    case BreakerVerdict::failure:
      return breaker.failed(ticket, now, why, silence_, connection_->reply_overdue());
    case BreakerVerdict::nothing: return breaker.dropped(ticket);
  }
}

std::optional<std::chrono::milliseconds> PooledConnection::retry_refused(engine::OperationNode& operation,
                                                                         std::string_view message,
                                                                         TimePoint now) {
  const Server& server = *context_->server;
  if (!operation.internal && proves_service(message)) context_->reachability->answered(ready_.number);
  const ServerCondition condition = server.condition_of(message, operation.request.traits.reply_of);
  const bool loading = condition == ServerCondition::loading;
  if (loading) end_ticket(operation, BreakerVerdict::nothing, now, message);
  if (must_reconnect(condition)) {
    leave_server(condition, now);
    context_->direct->role_changed(now, message);
  }
  const ServerVerdict verdict =
      classify(message, operation.request.traits.reply_of, server.origin().authenticates);
  FailedAttempt attempt = attempt_of(operation, {Errc::server_error, verdict.effect, verdict.remedy}, now);
  attempt.refused = true;
  attempt.condition = condition;
  const Next next =
      context_->database.retries().next(rules_of(operation), attempt, name_of(operation), message);
  if (!next.again()) return std::nullopt;
  if (next.counted) {
    count_attempt(operation);
    end_ticket(operation, BreakerVerdict::success, now, message);
  }
  return next.delay;
}

std::optional<std::chrono::milliseconds> PooledConnection::retry_lost(engine::OperationNode& operation,
                                                                      const net::Outcome& outcome,
                                                                      bool reached) {
  FailedAttempt attempt = attempt_of(
      operation, context_->server->failure_of(outcome, operation.request.traits.reply_of), outcome.end);
  attempt.reached = reached;
  const Next next =
      context_->database.retries().next(rules_of(operation), attempt, name_of(operation), outcome.text);
  if (!next.again()) return std::nullopt;
  if (next.counted) count_attempt(operation);
  return next.delay;
}

bool PooledConnection::outlasts(const Failure& failure) const noexcept {
  AttemptRules rules;  // each operation has its own deadline
  rules.side = AttemptSide::queued;
  rules.session = !may_retry();
  rules.while_away = context_->database.waits_while_away();
  return context_->database.retries().while_away(rules, failure, TimePoint{}).again();
}

bool PooledConnection::waits() const noexcept {
  return outlasts({Errc::circuit_open, Effect::not_sent, Remedy::retry});
}

// Explains a timeout of an unsent operation: returns the reason for which it had to wait.
ErrorInfo PooledConnection::explain_timeout(const net::Outcome& outcome, ErrorInfo info) const {
  if (const auto state = context_->reachability->not_ready_now(outcome.end)) {
    static_cast<Cause&>(info) = failure::not_ready(protocol::describe(*state));
  } else if (context_->database.retries().loading_lately(outcome.end)) {
    static_cast<Cause&>(info) = failure::still_loading();
  } else if (enqueued_ || (waits_since_ && !context_->reachability->failing())) {
    const auto elapsed = info.elapsed;
    info = context_->reachability->no_connection();
    info.elapsed = elapsed;
  } else if (waits()) {
    if (auto failure = context_->reachability->known_failure()) return failure->info();
    if (context_->server->breaker().refuses(outcome.end)) return context_->server->circuit_open(outcome.end);
  }
  return info;
}

// Only `pool_timeout` needs the time that the operation waited. The other errors carry their own.
ErrorInfo PooledConnection::queue_failure_after(std::chrono::nanoseconds elapsed) const {
  ErrorInfo info = queue_failure_->info();
  if (info.code == Errc::pool_timeout) info.elapsed = elapsed;
  return info;
}

void PooledConnection::error_reply(const engine::OperationNode& operation, std::string_view message,
                                   TimePoint now) noexcept {
  const Server& server = *context_->server;
  const engine::RequestTraits& request = operation.request.traits;
  const auto duration = now - operation.start;
  if (!is_batch(request.operation))
    server.counters().failed_after(request.operation, ErrorType::of_reply(message), duration);
  server.error_reply(request, name_of(operation), message, duration, now);
}

Error PooledConnection::failed(const engine::OperationNode& operation, const net::Outcome& outcome) {
  const std::string_view name = name_of(operation);
  const std::size_t commands = operation.request.replies - operation.answered;
  Server& server = *context_->server;
  ErrorInfo info;
  if (outcome.kind == net::Outcome::Kind::error_reply)
    info =
        engine::server_error(server.origin(), name, outcome.text, operation.request.traits.reply_of).info();
  else if (queue_failure_ && outcome.effect == Effect::not_sent && outcome.code == queue_failure_->code())
    info = queue_failure_after(outcome.end - operation.start);
  else if (outcome.code == Errc::circuit_open)
    info = server.circuit_open(outcome.end);
  else
    info = outcome.info(operation.start);
  if (outcome.effect == Effect::not_sent && outcome.code == Errc::timeout)
    info = explain_timeout(outcome, std::move(info));
  if (operation.uncertain) info.effect = Effect::indeterminate;
  info.attempts = operation.attempts + 1U;
  if (operation.internal) return server.error(name, std::move(info));
  if (outcome.code == Errc::closed) context_->database.events().interrupted(1);
  if (outcome.code == Errc::cancelled) {  // by the caller: not a failure
    info.remedy = Remedy::none;
    return server.error(name, std::move(info));
  }
  return server.failed(name, commands, std::move(info));
}

}  // namespace redstart::inline v0::pool
