// SPDX-License-Identifier: Apache-2.0
// server.cpp: errors, events and statistics of one server.
#include "server.hpp"

#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
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

DatabaseConfig with_endpoint(DatabaseConfig config, Endpoint endpoint) {
  config.endpoint = std::move(endpoint);
  return config;
}

}  // namespace

Server::Server(std::shared_ptr<Database> database, Endpoint endpoint)
    : database_(std::move(database)),
      config_(with_endpoint(database_->config(), std::move(endpoint))),
      origin_{database_->name(), to_string(config_.endpoint), database_->authenticates()},
      counters_(database_->totals().add_server()),
      // A helper thread may use the preparer after the server is destroyed.
      preparer_(std::make_shared<net::Preparer>(config_, database_->tls())),
      breaker_(config_.breaker, counters_),
      reachability_(*this) {
  breaker_.on_change([this](const Breaker::Change& change) {
    if (change.from != change.to) emit_circuit(change);
    if (circuit_changed_) circuit_changed_();
  });
}

void Server::emit_circuit(const Breaker::Change& change) const {
  if (!database_->listens()) return;
  std::string text(to_string(change.from));
  text += " -> ";
  text += to_string(change.to);
  text += ": " + change.why;
  emit(EventKind::circuit_changed, text);
}

Error Server::error(std::string_view command, ErrorInfo info) const {
  info.command = command;
  info.database = origin_.database;
  info.endpoint = origin_.endpoint;
  if (info.advice.empty()) info.advice = failure::advice_for(info.code);
  return Error(std::move(info));
}

Error Server::failed(std::string_view command, std::uint64_t commands, ErrorInfo info) const {
  counters_.failed(commands, info.code == Errc::timeout || info.code == Errc::pool_timeout);
  Error error = this->error(command, std::move(info));
  database_->keep(error);
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

Failure Server::failure_of(const net::Outcome& outcome, ReplyOf reply_of) const noexcept {
  if (outcome.kind != net::Outcome::Kind::error_reply) return static_cast<const Failure&>(outcome);
  const ServerVerdict verdict = classify(outcome.text, reply_of, origin_.authenticates);
  return {Errc::server_error, verdict.effect, verdict.remedy};
}

void Server::emit(EventKind kind, std::string_view detail) const noexcept {
  database_->emit(kind, origin_.endpoint, detail);
}

void Server::pushes_dropped(std::uint64_t messages) const noexcept {
  if (!database_->listens()) return;
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%llu unsolicited %s", static_cast<unsigned long long>(messages),
                    messages == 1 ? "message" : "messages");
  emit(EventKind::push_dropped, {text, static_cast<std::size_t>(size)});
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
