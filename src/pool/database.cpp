// SPDX-License-Identifier: Apache-2.0
// database.cpp: the words and counts of one database.
#include "database.hpp"

#include "bounds.hpp"

#include "../core/failures.hpp"
#include "../observe/deliver.hpp"

#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

CircuitStatus circuit_of(const Breaker::Status& status, TimePoint now) {
  CircuitStatus circuit;
  circuit.state = status.state;
  circuit.lasting = std::max(now - status.since, Clock::duration::zero());
  if (status.state == BreakerState::open)
    circuit.next_probe = std::max(status.next_probe - now, Clock::duration::zero());
  circuit.last_failure = status.why;
  return circuit;
}

}  // namespace

Database::Database(const RedisConfig& manager, std::string name, DatabaseConfig config)
    : config_(with_bounded_durations(std::move(config))),
      silence_(net::silence_limit_of(config_.timeouts)),
      origin_{
          std::move(name), to_string(config_.endpoint),
          config_.credentials != nullptr || !config_.username.empty() || !config_.password.reveal().empty()},
      client_name_(config_.client_name.empty() ? manager.service + ":" + origin_.database
                                               : config_.client_name),
      listener_(manager.listener),
      breaker_(config_.breaker, counters_),
      retries_(config_.retry, config_.retry_budget, counters_,
               [this](const FailedAttempt& attempt, std::chrono::milliseconds delay) {
                 note_retry(attempt, delay);
               }) {
  breaker_.on_change([this](const Breaker::Change& change) { circuit_changed(change); });
  // Helper threads may use these when this is gone.
  if (config_.tls.enabled) tls_ = std::make_shared<net::TlsSource>(config_, tls_report());
  preparer_ = std::make_shared<net::Preparer>(config_, tls_);
}

net::TlsSource::Report Database::tls_report() const {
  return [listener = listener_, origin = origin_](EventKind kind, std::string_view detail) {
    if (listener) deliver(*listener, {kind, origin.database, origin.endpoint, detail});
  };
}

void Database::circuit_changed(const Breaker::Change& change) const {
  if (change.from != change.to && listener_) {
    std::string text(to_string(change.from));
    text += " -> ";
    text += to_string(change.to);
    text += ": " + change.why;
    emit(EventKind::circuit_changed, text);
  }
  if (circuit_told_) circuit_told_();
}

void Database::note_retry(const FailedAttempt& attempt, std::chrono::milliseconds delay) const {
  if (!listener_) return;
  std::string text(attempt.command);
  text += ": attempt " + std::to_string(attempt.made + 1) + " in " + std::to_string(delay.count()) + " ms: ";
  text += attempt.why;
  emit(EventKind::retrying, text);
}

TimePoint Database::deadline_of_blocking(TimePoint own, const engine::CallOptions& options,
                                         std::chrono::milliseconds blocks_for) noexcept {
  if (options.timeout.expired()) return own;
  return deadline_after(own, blocks_for.count() == 0 ? no_limit : blocks_for);
}

Error Database::error(std::string_view command, ErrorInfo info) const {
  info.command = command;
  info.database = origin_.database;
  info.endpoint = origin_.endpoint;
  if (info.advice.empty()) info.advice = failure::advice_for(info.code);
  return Error(std::move(info));
}

Error Database::failed(std::string_view command, std::uint64_t commands, ErrorInfo info) {
  counters_.failed(commands, info.code == Errc::timeout || info.code == Errc::pool_timeout);
  Error error = this->error(command, std::move(info));
  const std::scoped_lock lock(errors_mutex_);
  last_errors_.add(std::chrono::system_clock::now(), error.code(), error.what());
  return error;
}

Error Database::unreachable(const Cause& failure, std::chrono::nanoseconds elapsed) const {
  ErrorInfo info(failure);
  if (info.advice.empty()) info.advice = failure::advice_for(info.code);
  if (info.code == Errc::protocol_error) info.code = Errc::handshake_failed;
  info.effect = Effect::not_sent;
  info.database = origin_.database;
  info.endpoint = origin_.endpoint;
  info.elapsed = elapsed;
  return Error(std::move(info));
}

CircuitStatus Database::circuit(TimePoint now) const { return circuit_of(breaker_.status(), now); }

ErrorInfo Database::circuit_open(TimePoint now) const {
  const CircuitStatus status = circuit(now);
  return failure::circuit_open(to_string(status), name(), status.state == BreakerState::forced_open);
}

Error Database::expired(std::string_view command, std::uint64_t commands) {
  return failed(command, commands, failure::expired());
}

void Database::emit(EventKind kind, std::string_view detail) const noexcept {
  if (listener_) deliver(*listener_, {kind, origin_.database, origin_.endpoint, detail});
}

void Database::lease_ended(LeaseLedger::Entry& entry) noexcept {
  LeaseLedger::Lease lease;
  if (leases_.ended(entry, Clock::now(), config_.lease_warning, lease))
    emit(EventKind::lease_overdue, "a scoped handle was " + describe(lease));
}

void Database::release_failed() const noexcept {
  emit(EventKind::release_failed, "the connection of a scoped handle broke or was closed");
}

void Database::pushes_dropped(std::uint64_t messages) const noexcept {
  if (!listener_) return;
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%llu unsolicited %s", static_cast<unsigned long long>(messages),
                    messages == 1 ? "message" : "messages");
  emit(EventKind::push_dropped, {text, static_cast<std::size_t>(size)});
}

void Database::report_overdue_leases(TimePoint now) {
  for (const LeaseLedger::Lease& lease : leases_.overdue(now, config_.lease_warning))
    emit(EventKind::lease_overdue, "a scoped handle has been " + describe(lease));
}

void Database::report_leaked_leases(TimePoint now) {
  constexpr std::size_t most = 8;
  const std::vector<LeaseLedger::Lease> leases = leases_.all(now);
  if (leases.empty()) return;
  std::string text = leases.size() == 1 ? std::string("1 scoped handle was")
                                        : std::to_string(leases.size()) + " scoped handles were";
  text += " not released before the shutdown: ";
  for (std::size_t i = 0; i < std::min(most, leases.size()); ++i)
    text += (i == 0 ? "" : "; ") + describe(leases[i]);
  if (leases.size() > most) text += "; …";
  emit(EventKind::lease_leaked, text);
}

void Database::collect(RedisStats& into) const {
  counters_.collect(into);
  const std::scoped_lock lock(errors_mutex_);
  into.last_errors = last_errors_.list();
}

void Database::collect(DatabaseStats& into) const {
  const Breaker::Status status = breaker_.status();
  into.breaker = status.state;
  into.breaker_changes = status.changes;
  into.circuit = circuit_of(status, Clock::now());
  collect(into.operations);
}

ServerCondition Database::condition_of(std::string_view message, ReplyOf reply_of) const noexcept {
  return redstart::condition_of(message, origin_.authenticates && reply_of != ReplyOf::script);
}

Failure Database::failure_of(const net::Outcome& outcome, ReplyOf reply_of) const noexcept {
  if (outcome.kind != net::Outcome::Kind::refused) return outcome;
  const ServerVerdict verdict = classify(outcome.text, reply_of, origin_.authenticates);
  return {Errc::server_error, verdict.effect, verdict.remedy};
}

TimePoint retirement(const Database& database, TimePoint opened, double random) noexcept {
  const auto lifetime = database.config().max_lifetime;
  if (lifetime.count() == 0) return TimePoint::max();
  return deadline_after(opened, lifetime * (1.0 - random / 10));
}

}  // namespace redstart::inline v0::pool
