// SPDX-License-Identifier: Apache-2.0
// server.cpp: errors and statistics of one server.
#include "server.hpp"

#include "operation_of.hpp"

#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
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

// How long a waiter of another kind must have waited before a connection is closed for it.
constexpr std::chrono::milliseconds longest_patience{100};

DatabaseConfig with_endpoint(DatabaseConfig config, Endpoint endpoint) {
  config.endpoint = std::move(endpoint);
  return config;
}

// Longer calls are slow.
std::chrono::nanoseconds slow_limit_of(const DatabaseConfig& config) noexcept {
  return config.slow_command.count() == 0 ? std::chrono::nanoseconds::max() : config.slow_command;
}

}  // namespace

Server::Server(std::shared_ptr<Database> database, Endpoint endpoint)
    : database_(std::move(database)),
      settings_(with_endpoint(database_->config(), std::move(endpoint))),
      origin_{database_->name(), to_string(config().endpoint), database_->authenticates()},
      counters_(database_->totals().add_server()),
      // A helper thread may use the preparer after the server is destroyed.
      preparer_(std::make_shared<net::Preparer>(config(), database_->tls(), database_->credentials())),
      breaker_(config().breaker, counters_),
      reachability_(*this),
      slow_limit_(slow_limit_of(config())),
      capacity_(config().max_connections,
                std::min<Clock::duration>(longest_patience, config().timeouts.acquire / 4)) {
  breaker_.on_change([this](const Breaker::Change& change) {
    if (change.from != change.to) emit_circuit(change);
    if (circuit_changed_) circuit_changed_();
  });
}

void Server::reload() {
  settings_.replace(with_endpoint(database_->config(), config().endpoint));
  breaker_.use(config().breaker);
  reachability_.use(config().reconnect, config().startup);
  slow_limit_.store(slow_limit_of(config()), std::memory_order_relaxed);
}

Error Server::error(std::string_view command, ErrorInfo info) const {
  info.command = command;
  info.database = origin_.database;
  info.endpoint = origin_.endpoint;
  if (info.advice.empty()) info.advice = failure::advice_for(info.code);
  return Error(std::move(info));
}

Error Server::failed(std::string_view command, std::uint64_t commands, ErrorInfo info,
                     Observed observed) const {
  counters_.failed(commands, info.code == Errc::timeout || info.code == Errc::pool_timeout);
  const ErrorType type = ErrorType::of(info.code, info.server);
  counters_.failed_with(type, commands);
  if (commands != 0 && observed == Observed::now)
    counters_.failed_after(operation_of(command, commands), type, info.elapsed);
  Error error = this->error(command, std::move(info));
  database_->keep(error);
  if (observed == Observed::now) report_failure(command, commands, error);
  return error;
}

Error Server::unreachable(const Cause& failure, std::chrono::nanoseconds elapsed) const {
  ErrorInfo info(failure);
  if (info.advice.empty()) info.advice = failure::advice_for(info.code);
  if (info.code == Errc::protocol_error) info.code = Errc::handshake_failed;
  info.effect = Effect::not_sent;
  info.database = origin_.database;
  info.endpoint = origin_.endpoint;
  info.elapsed = elapsed;
  return Error(std::move(info));
}

CircuitStatus Server::circuit(TimePoint now) const { return circuit_of(breaker_.status(), now); }

ErrorInfo Server::circuit_open(TimePoint now) const {
  const CircuitStatus status = circuit(now);
  return failure::circuit_open(to_string(status), origin_.database,
                               status.state == BreakerState::forced_open);
}

Error Server::expired(std::string_view command, std::uint64_t commands) const {
  return failed(command, commands, failure::expired());
}

ServerCondition Server::condition_of(std::string_view message, ReplyOf reply_of) const noexcept {
  return redstart::condition_of(message, origin_.authenticates && reply_of != ReplyOf::script);
}

Failure Server::failure_of(const protocol::Outcome& outcome, ReplyOf reply_of) const noexcept {
  if (outcome.kind != protocol::Outcome::Kind::error_reply) return static_cast<const Failure&>(outcome);
  const ServerVerdict verdict = classify(outcome.text, reply_of, origin_.authenticates);
  return {Errc::server_error, verdict.effect, verdict.remedy};
}

void Server::collect(NodeStats& into) const {
  const Breaker::Status status = breaker_.status();
  into.endpoint = origin_.endpoint;
  into.server = reachability_.identity();
  into.breaker = status.state;
  into.breaker_changes = status.changes;
  into.circuit = circuit_of(status, Clock::now());
  into.answered = counters_.all_answered();
}

TimePoint retirement(const Server& server, TimePoint opened, double random) noexcept {
  const auto lifetime = server.config().max_lifetime;
  if (lifetime.count() == 0) return TimePoint::max();
  return deadline_after(opened, lifetime * (1.0 - random / 10));
}

}  // namespace redstart::inline v0::pool
