// SPDX-License-Identifier: Apache-2.0
// database.hpp: what everything that serves one database shares: its settings, its counters, its words.
#pragma once

#include "../net/direct_connection.hpp"
#include "../net/preparation.hpp"
#include "../net/tls_source.hpp"
#include "../observe/counters.hpp"
#include "../resilience/server_condition.hpp"
#include "breaker.hpp"
#include "last_errors.hpp"
#include "lease_ledger.hpp"
#include "retries.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/error.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/observe/circuit_status.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/stats.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::pool {

/// One database as its pool, channels and leases see it.
///
/// Thread safety: full; the settings never change.
class Database {
 public:
  Database(const RedisConfig& manager, std::string name, DatabaseConfig config);

  [[nodiscard]] const std::string& name() const noexcept { return origin_.database; }
  [[nodiscard]] const DatabaseConfig& config() const noexcept { return config_; }
  [[nodiscard]] const std::string& client_name() const noexcept { return client_name_; }
  [[nodiscard]] const engine::Origin& origin() const noexcept { return origin_; }
  /// Null where connections are plain.
  [[nodiscard]] const std::shared_ptr<net::TlsSource>& tls() const noexcept { return tls_; }
  /// Asks what its connections need to know.
  [[nodiscard]] const std::shared_ptr<net::Preparer>& preparer() const noexcept { return preparer_; }
  [[nodiscard]] OperationCounters& counters() noexcept { return counters_; }
  [[nodiscard]] Breaker& breaker() noexcept { return breaker_; }
  /// The breaker as users see it.
  [[nodiscard]] CircuitStatus circuit(TimePoint now) const;
  [[nodiscard]] Retries& retries() noexcept { return retries_; }
  [[nodiscard]] LeaseLedger& leases() noexcept { return leases_; }
  /// A scoped handle is given back; tells if it was kept for too long and nobody was told.
  void lease_ended(LeaseLedger::Entry& entry) noexcept;
  /// A scoped handle could not give its connection back, as it had broken.
  void release_failed() const noexcept;
  /// The server sent that many messages that nobody asked for.
  void pushes_dropped(std::uint64_t messages) const noexcept;
  /// Tells of scoped handles that are kept for too long, each once.
  void report_overdue_leases(TimePoint now);
  /// Tells of all scoped handles that are out, where there are some.
  void report_leaked_leases(TimePoint now);
  /// True where calls wait for a database that is away.
  [[nodiscard]] bool waits_while_away() const noexcept { return config_.when_away == WhenAway::wait; }
  /// `told` is called, on any thread, when the breaker lets other calls pass than before. Set before the
  /// first use.
  void on_circuit(std::function<void()> told) { circuit_told_ = std::move(told); }

  /// Until when a call that begins at `start` may take. A command that waits in the server may wait on top of
  /// that.
  [[nodiscard]] TimePoint deadline(TimePoint start, const engine::CallOptions& options,
                                   std::optional<std::chrono::milliseconds> blocks_for = {}) const noexcept {
    // Both limits are bounded already, so that the sum can't wrap.
    const TimePoint own = start + options.timeout.value_or(config_.timeouts.command);
    if (!blocks_for) [[likely]]
      return own;
    return deadline_of_blocking(own, options, *blocks_for);
  }

  /// True where a call's own limit is longer than a server may be silent on a shared connection: it gets a
  /// connection of its own, on which it can wait.
  [[nodiscard]] bool outlasts_silence(TimeLimit timeout) const noexcept { return timeout.exceeds(silence_); }

  /// The error of a call that failed, also counted and kept for the statistics.
  [[nodiscard]] Error failed(std::string_view command, std::uint64_t commands, ErrorInfo info);
  /// The same without counting it: what the caller wanted himself.
  [[nodiscard]] Error error(std::string_view command, ErrorInfo info) const;
  /// The error of a connection attempt.
  [[nodiscard]] Error unreachable(const Cause& failure, std::chrono::nanoseconds elapsed) const;
  /// What an error reply to a command says about the server.
  [[nodiscard]] ServerCondition condition_of(std::string_view message, ReplyOf reply_of) const noexcept;
  /// What a decision about retries needs to know of an exchange without a reply that can be used.
  [[nodiscard]] Failure failure_of(const net::Outcome& outcome, ReplyOf reply_of) const noexcept;
  /// The error of a call that the circuit breaker does not let pass.
  [[nodiscard]] ErrorInfo circuit_open(TimePoint now) const;
  /// The error of a call whose own limit had expired before it began, also counted.
  [[nodiscard]] Error expired(std::string_view command, std::uint64_t commands);

  void emit(EventKind kind, std::string_view detail) const noexcept;
  void collect(RedisStats& into) const;
  void collect(DatabaseStats& into) const;

 private:
  [[nodiscard]] static TimePoint deadline_of_blocking(TimePoint own, const engine::CallOptions& options,
                                                      std::chrono::milliseconds blocks_for) noexcept;
  [[nodiscard]] net::TlsSource::Report tls_report() const;
  void circuit_changed(const Breaker::Change& change) const;
  void note_retry(const FailedAttempt& attempt, std::chrono::milliseconds delay) const;

  DatabaseConfig config_;
  std::chrono::milliseconds silence_;
  engine::Origin origin_;
  std::string client_name_;
  std::shared_ptr<EventListener> listener_;
  std::shared_ptr<net::TlsSource> tls_{};
  std::shared_ptr<net::Preparer> preparer_{};
  OperationCounters counters_{};
  Breaker breaker_;
  Retries retries_;
  LeaseLedger leases_{};
  std::function<void()> circuit_told_{};
  mutable std::mutex errors_mutex_{};
  LastErrors last_errors_{};
};

/// When a connection that was opened at `opened` is to be closed: spread over the last tenth of the lifetime,
/// so that connections opened together don't go together. `random` in [0, 1).
[[nodiscard]] TimePoint retirement(const Database& database, TimePoint opened, double random) noexcept;

}  // namespace redstart::inline v0::pool
