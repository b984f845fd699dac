// SPDX-License-Identifier: Apache-2.0
// database.hpp: one database: settings, totals, leases, retries, last errors.
#pragma once

#include "../config/live_settings.hpp"
#include "../net/credentials_source.hpp"
#include "../net/tls_source.hpp"
#include "../observe/connection_times.hpp"
#include "event_reports.hpp"
#include "large_replies.hpp"
#include "last_errors.hpp"
#include "lease_ledger.hpp"
#include "operation_totals.hpp"
#include "retries.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::pool {

/// One database: all that its servers have in common. It knows none of them; `Server` has what depends on
/// one server.
///
/// Thread safety: full.
class Database {
 public:
  Database(const RedisConfig& manager, std::string name, DatabaseConfig config);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The settings in effect. The reference stays valid, also after a reload.
  [[nodiscard]] const DatabaseConfig& config() const noexcept { return settings_.now(); }
  /// Replaces the settings. `next` differs from `config()` only in reloadable ones.
  void reload(DatabaseConfig next);
  /// The name of its connections in CLIENT LIST.
  [[nodiscard]] const std::string& client_name() const noexcept { return client_name_; }
  /// True if connections authenticate before they carry commands.
  [[nodiscard]] bool authenticates() const noexcept;
  /// Null if connections are plain.
  [[nodiscard]] const std::shared_ptr<net::TlsSource>& tls() const noexcept { return tls_; }
  /// Null if the database has no credentials provider.
  [[nodiscard]] const std::shared_ptr<net::CredentialsSource>& credentials() const noexcept {
    return credentials_;
  }
  [[nodiscard]] OperationTotals& totals() noexcept { return totals_; }
  [[nodiscard]] Retries& retries() noexcept { return retries_; }
  [[nodiscard]] LeaseLedger& leases() noexcept { return leases_; }
  /// The commands that get a connection of their own because of the size of their replies.
  [[nodiscard]] LargeReplies& large_replies() noexcept { return large_replies_; }
  [[nodiscard]] const LargeReplies& large_replies() const noexcept { return large_replies_; }
  /// True if calls wait while the database is away.
  [[nodiscard]] bool waits_while_away() const noexcept { return config().when_away == WhenAway::wait; }

  /// Returns the deadline of a call that starts at `start`. A command that blocks in the server may take its
  /// blocking time in addition.
  [[nodiscard]] TimePoint deadline(TimePoint start, const engine::CallOptions& options,
                                   std::optional<std::chrono::milliseconds> blocks_for = {}) const noexcept {
    // Both limits are bounded already, so that the sum can't wrap.
    const TimePoint own = start + options.timeout.value_or(config().timeouts.command);
    if (!blocks_for) [[likely]]
      return own;
    return deadline_of_blocking(own, options, *blocks_for);
  }
  /// True if a call's own limit is longer than a shared connection may be silent: the call needs an
  /// exclusive connection.
  [[nodiscard]] bool outlasts_silence(TimeLimit timeout) const noexcept { return timeout.exceeds(silence_); }

  /// A scoped handle is released. Emits an event if it was overdue and that was not reported before.
  void lease_ended(LeaseLedger::Entry& entry) noexcept;
  /// A scoped handle could not return its connection, which had broken.
  void release_failed() const noexcept;
  /// Reports scoped handles that are overdue, each once.
  void report_overdue_leases(TimePoint now);
  /// Reports all scoped handles that are out, if there are any.
  void report_leaked_leases(TimePoint now);

  /// Keeps the error of a call for the statistics.
  void keep(const Error& error);
  [[nodiscard]] EventReports& events() noexcept { return events_; }
  /// How long its connections are opened, awaited and used.
  [[nodiscard]] ConnectionTimes& connection_times() noexcept { return connection_times_; }
  /// Keeps the totals of `now` for rates. Chores and snapshots call it, so that it needs no timer.
  void note_totals(TimePoint now) noexcept;
  /// Fills in `operations`, `connection_durations`, and the age of the oldest scoped handle.
  void collect(DatabaseStats& into, TimePoint now);

 private:
  [[nodiscard]] static TimePoint deadline_of_blocking(TimePoint own, const engine::CallOptions& options,
                                                      std::chrono::milliseconds blocks_for) noexcept;
  void collect_rates(RedisStats& into, TimePoint now);
  [[nodiscard]] net::TlsSource::Report source_report(const std::shared_ptr<EventListener>& listener) const;
  void emit_lease(EventKind kind, const LeaseLedger::Lease& lease, std::string_view detail,
                  std::optional<std::uint64_t> count = {}) const;
  void note_retry(std::string_view command, const FailedAttempt& attempt, std::string_view why,
                  std::chrono::milliseconds delay) const;

  LiveSettings settings_;
  const std::chrono::milliseconds silence_;
  const std::string name_;
  const std::string client_name_;
  EventReports events_;
  const std::shared_ptr<net::TlsSource> tls_;
  const std::shared_ptr<net::CredentialsSource> credentials_;
  OperationTotals totals_{};
  Retries retries_;
  ConnectionTimes connection_times_{};
  LeaseLedger leases_{};
  LargeReplies large_replies_{};
  std::mutex rates_mutex_{};
  RateWindows rates_{Clock::now()};
  mutable std::mutex errors_mutex_{};
  LastErrors last_errors_{};
};

}  // namespace redstart::inline v0::pool
