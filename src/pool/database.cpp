// SPDX-License-Identifier: Apache-2.0
// database.cpp: the words and counts of one database.
#include "database.hpp"

#include "bounds.hpp"

#include "../observe/deliver.hpp"

#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

std::string_view advice_for(Errc code) {
  switch (code) {
    case Errc::resolve_failed: return "Check the host name (REDIS_URL, endpoint.host)";
    case Errc::connect_refused:
      return "Is the server running? Check host and port (REDIS_URL, endpoint); `redis-cli ping` there "
             "should say PONG";
    case Errc::connect_timeout: return "Check the address, the network between, and the server's load";
    case Errc::connect_failed: return "Check the endpoint (REDIS_URL, endpoint) and the network";
    case Errc::resource_exhausted:
      return "Raise this process's limits (`ulimit -n`) or lower max_connections";
    case Errc::authentication_failed: return "Check user name and password (REDIS_URL) and the server's ACL";
    case Errc::handshake_failed:
      return "See the server's log; check its maxclients, the database number, and whether this port wants "
             "TLS (tls.enabled)";
    case Errc::protocol_error:
      return "Is this the port of a Redis server, and not one that speaks TLS or HTTP?";
    case Errc::loading:
      return "Wait until the server is ready: see INFO persistence (loading_eta_seconds); for a script "
             "SCRIPT "
             "KILL; for a lost master INFO replication";
    case Errc::tls_failed:
      return "Check the server's certificate (openssl s_client -connect), tls.ca_file and tls.server_name";
    case Errc::circuit_open:
      return "Wait: probes let calls back in once the server answers; look why it did not";
    case Errc::pool_timeout:
      return "Raise max_connections, or look for scoped handles that are kept too long";
    case Errc::overloaded:
      return "Send less at once, or raise max_pending or max_pending_bytes; see whether the server is slow";
    case Errc::forked: return "Call start() again in the child process and take new handles";
    case Errc::timeout: return "See SLOWLOG and the server's load, or raise the command timeout";
    case Errc::connection_lost:
      return "See the server's log: it restarted, or closed the connection (CLIENT KILL, timeout)";
    default: return {};
  }
}

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
  if (info.advice.empty()) info.advice = advice_for(info.code);
  return Error(std::move(info));
}

Error Database::failed(std::string_view command, std::uint64_t commands, ErrorInfo info) {
  counters_.failed(commands, info.code == Errc::timeout || info.code == Errc::pool_timeout);
  Error error = this->error(command, std::move(info));
  const std::scoped_lock lock(errors_mutex_);
  last_errors_.add(std::chrono::system_clock::now(), error.code(), error.what());
  return error;
}

Error Database::unreachable(const net::OpenFailure& failure, std::chrono::nanoseconds elapsed) const {
  ErrorInfo info;
  info.code = failure.code == Errc::protocol_error ? Errc::handshake_failed : failure.code;
  info.effect = Effect::not_sent;
  info.remedy = failure.remedy;
  info.database = origin_.database;
  info.endpoint = origin_.endpoint;
  info.what = failure.what;
  info.server = failure.server;
  info.elapsed = elapsed;
  info.advice = failure.advice.empty() ? advice_for(failure.code) : failure.advice;
  return Error(std::move(info));
}

ErrorInfo Database::broken(const net::Outcome& outcome, std::chrono::nanoseconds elapsed) {
  ErrorInfo info;
  info.code = outcome.code;
  info.effect = outcome.effect;
  info.remedy = outcome.code == Errc::closed ? Remedy::never : Remedy::retry;
  info.what = outcome.text;
  info.elapsed = elapsed;
  return info;
}

CircuitStatus Database::circuit(TimePoint now) const { return circuit_of(breaker_.status(), now); }

ErrorInfo Database::circuit_open(TimePoint now) const {
  const CircuitStatus status = circuit(now);
  ErrorInfo info;
  info.code = Errc::circuit_open;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what = "the circuit breaker is " + to_string(status);
  if (status.state == BreakerState::forced_open) {
    info.remedy = Remedy::never;
    info.advice = "Somebody forced it open: breaker(\"" + name() + "\").automatic() ends that";
  }
  return info;
}

Error Database::expired(std::string_view command, std::uint64_t commands) {
  ErrorInfo info;
  info.code = Errc::timeout;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what = "no time was left: the limit of the call had expired before it began";
  info.advice = "Pass a time limit above zero (with_timeout), or leave it out for the database's own";
  return failed(command, commands, std::move(info));
}

ErrorInfo Database::closed() {
  ErrorInfo info;
  info.code = Errc::closed;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = "the manager was shut down";
  return info;
}

ErrorInfo Database::forked() {
  ErrorInfo info;
  info.code = Errc::forked;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = "the process was forked: connections and handles from before belong to the parent";
  return info;
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
  emit(EventKind::release_failed, "the connection broke, or was closed, while a scoped handle had it");
}

void Database::pushes_dropped(std::uint64_t messages) const noexcept {
  if (!listener_) return;
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%llu %s nobody asked for", static_cast<unsigned long long>(messages),
                    messages == 1 ? "message that" : "messages that");
  emit(EventKind::push_dropped, {text, static_cast<std::size_t>(size)});
}

void Database::report_overdue_leases(TimePoint now) {
  for (const LeaseLedger::Lease& lease : leases_.overdue(now, config_.lease_warning))
    emit(EventKind::lease_overdue, "a scoped handle is " + describe(lease));
}

void Database::report_leaked_leases(TimePoint now) {
  constexpr std::size_t most = 8;
  const std::vector<LeaseLedger::Lease> leases = leases_.all(now);
  if (leases.empty()) return;
  std::string text = leases.size() == 1 ? std::string("1 scoped handle was")
                                        : std::to_string(leases.size()) + " scoped handles were";
  text += " not given back by the shutdown: ";
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
  return redstart::condition_of(message, origin_.authenticates && reply_of == ReplyOf::plain_command);
}

Failure Database::failure_of(const net::Outcome& outcome, ReplyOf reply_of) const noexcept {
  if (outcome.kind != net::Outcome::Kind::refused)
    return {outcome.code, outcome.effect, outcome.code == Errc::closed ? Remedy::never : Remedy::retry};
  const ServerVerdict verdict = classify(outcome.text, reply_of, origin_.authenticates);
  return {Errc::server_error, verdict.effect, verdict.remedy};
}

TimePoint retirement(const Database& database, TimePoint opened, double random) noexcept {
  const auto lifetime = database.config().max_lifetime;
  if (lifetime.count() == 0) return TimePoint::max();
  return deadline_after(opened, lifetime * (1.0 - random / 10));
}

}  // namespace redstart::inline v0::pool
