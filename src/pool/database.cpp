// SPDX-License-Identifier: Apache-2.0
// database.cpp: retries, leases, errors and statistics of one database.
#include "database.hpp"

#include "bounds.hpp"

#include "../net/socket.hpp"
#include "../observe/deliver.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace redstart::inline v0::pool {

Database::Database(const RedisConfig& manager, std::string name, DatabaseConfig config)
    : config_(with_bounded_durations(std::move(config))),
      silence_(net::silence_limit_of(config_.timeouts)),
      name_(std::move(name)),
      endpoint_(to_string(config_.endpoint)),
      client_name_(config_.client_name.empty() ? manager.service + ":" + name_ : config_.client_name),
      listener_(manager.listener),
      // A helper thread may use the source after the database is destroyed.
      tls_(config_.tls.enabled ? std::make_shared<net::TlsSource>(config_.tls, tls_report()) : nullptr),
      retries_(config_.retry, config_.retry_budget, totals_,
               [this](const FailedAttempt& attempt, std::chrono::milliseconds delay) {
                 note_retry(attempt, delay);
               }) {}

bool Database::authenticates() const noexcept {
  return config_.credentials != nullptr || !config_.username.empty() || !config_.password.reveal().empty();
}

net::TlsSource::Report Database::tls_report() const {
  return [listener = listener_, name = name_, endpoint = endpoint_](EventKind kind, std::string_view detail) {
    if (listener) deliver(*listener, {kind, name, endpoint, detail});
  };
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

void Database::keep(const Error& error) {
  const std::scoped_lock lock(errors_mutex_);
  last_errors_.add(std::chrono::system_clock::now(), error.code(), error.what());
}

void Database::emit(EventKind kind, std::string_view endpoint, std::string_view detail) const noexcept {
  if (listener_) deliver(*listener_, {kind, name_, endpoint, detail});
}

void Database::lease_ended(LeaseLedger::Entry& entry) noexcept {
  LeaseLedger::Lease lease;
  if (leases_.ended(entry, Clock::now(), config_.lease_warning, lease))
    emit(EventKind::lease_overdue, "a scoped handle was " + describe(lease));
}

void Database::release_failed() const noexcept {
  emit(EventKind::release_failed, "the connection of a scoped handle broke or was closed");
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
  totals_.collect(into);
  const std::scoped_lock lock(errors_mutex_);
  into.last_errors = last_errors_.list();
}

}  // namespace redstart::inline v0::pool
