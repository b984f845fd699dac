// SPDX-License-Identifier: Apache-2.0
// database.cpp: retries, leases, errors and statistics of one database.
#include "database.hpp"

#include "bounds.hpp"
#include "operation_of.hpp"

#include "../net/socket.hpp"
#include "../observe/deliver.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace redstart::inline v0::pool {

namespace {

// By default the silence limit follows from the command timeout. A reload of that must not change it.
DatabaseConfig with_silence(DatabaseConfig config) {
  config.timeouts.silence = net::silence_limit_of(config.timeouts);
  return config;
}

}  // namespace

Database::Database(const RedisConfig& manager, std::string name, DatabaseConfig config)
    : settings_(with_silence(with_bounded_durations(std::move(config)))),
      silence_(*this->config().timeouts.silence),
      name_(std::move(name)),
      client_name_(this->config().client_name.empty() ? manager.service + ":" + name_
                                                      : this->config().client_name),
      events_(manager.listener, name_, to_string(this->config().endpoint)),
      // Helper threads may use the sources after the database is destroyed.
      tls_(this->config().tls.enabled
               ? std::make_shared<net::TlsSource>(this->config().tls, source_report(manager.listener))
               : nullptr),
      credentials_(this->config().credentials
                       ? std::make_shared<net::CredentialsSource>(this->config().credentials,
                                                                  source_report(manager.listener))
                       : nullptr),
      retries_(settings_, totals_,
               [this](std::string_view command, const FailedAttempt& attempt, std::string_view why,
                      std::chrono::milliseconds delay) { note_retry(command, attempt, why, delay); }) {}

bool Database::authenticates() const noexcept {
  return config().credentials != nullptr || !config().username.empty() || !config().password.reveal().empty();
}

net::TlsSource::Report Database::source_report(const std::shared_ptr<EventListener>& listener) const {
  return [listener, name = name_, endpoint = to_string(config().endpoint)](EventKind kind,
                                                                           std::string_view detail) {
    if (listener)
      deliver(*listener, {.kind = kind, .database = name, .endpoint = endpoint, .detail = detail});
  };
}

void Database::note_retry(std::string_view command, const FailedAttempt& attempt, std::string_view why,
                          std::chrono::milliseconds delay) const {
  if (!events_.listens()) return;
  const unsigned next = attempt.made + 1;
  std::string text(command);
  text += ": attempt " + std::to_string(next) + " in " + std::to_string(delay.count()) + " ms: ";
  text += why;
  events_.emit({.kind = EventKind::retrying,
                .detail = text,
                .operation = operation_name(operation_of(command, 1)),
                .error = attempt.failure.code,
                .reason = why,
                .attempt = next,
                .delay = delay});
}

TimePoint Database::deadline_of_blocking(TimePoint own, const engine::CallOptions& options,
                                         std::chrono::milliseconds blocks_for) noexcept {
  if (options.timeout.expired()) return own;
  return deadline_after(own, blocks_for.count() == 0 ? no_limit : blocks_for);
}

void Database::reload(DatabaseConfig next) {
  next = with_bounded_durations(std::move(next));
  next.timeouts.silence = silence_;
  retries_.use(next.retry_budget);
  settings_.replace(std::move(next));
}

void Database::keep(const Error& error) {
  const std::scoped_lock lock(errors_mutex_);
  last_errors_.add(std::chrono::system_clock::now(), error.code(), error.what());
}

void Database::emit_lease(EventKind kind, const LeaseLedger::Lease& lease, std::string_view detail,
                          std::optional<std::uint64_t> count) const {
  const std::string source = lease.where.file == nullptr ? std::string() : to_string(lease.where);
  events_.emit({.kind = kind, .detail = detail, .source = source, .count = count, .duration = lease.kept});
}

void Database::lease_ended(LeaseLedger::Entry& entry) noexcept {
  LeaseLedger::Lease lease;
  const bool overdue = leases_.ended(entry, Clock::now(), config().lease_warning, lease);
  connection_times_.used(lease.kept);
  if (overdue) emit_lease(EventKind::lease_overdue, lease, "a scoped handle was " + describe(lease));
}

void Database::release_failed() const noexcept {
  events_.emit(
      {.kind = EventKind::release_failed, .detail = "the connection of a scoped handle broke or was closed"});
}

void Database::report_overdue_leases(TimePoint now) {
  for (const LeaseLedger::Lease& lease : leases_.overdue(now, config().lease_warning))
    emit_lease(EventKind::lease_overdue, lease, "a scoped handle has been " + describe(lease));
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
  emit_lease(EventKind::lease_leaked, leases.front(), text, leases.size());
}

void Database::note_totals(TimePoint now) noexcept {
  const std::scoped_lock lock(rates_mutex_);
  rates_.add(now, totals_.count());
}

void Database::collect_rates(RedisStats& into, TimePoint now) {
  const std::scoped_lock lock(rates_mutex_);
  const OperationCount totals = totals_.count();
  for (std::size_t i = 0; i != into.rates.size(); ++i)
    into.rates[i] = rates_.over(OperationRates::windows[i], now, totals);
  rates_.add(now, totals);
}

void Database::collect(DatabaseStats& into, TimePoint now) {
  totals_.collect(into.operations);
  collect_rates(into.operations, now);
  retries_.collect(into.operations, now);
  connection_times_.collect(into.connection_durations);
  leases_.collect(into.pool, now);
  const std::scoped_lock lock(errors_mutex_);
  into.operations.last_errors = last_errors_.list();
}

}  // namespace redstart::inline v0::pool
