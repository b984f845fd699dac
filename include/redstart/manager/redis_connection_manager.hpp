// SPDX-License-Identifier: Apache-2.0
// redis_connection_manager.hpp: a service's access to its databases.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/manager/circuit_control.hpp>
#include <redstart/manager/client_provider.hpp>
#include <redstart/observe/connection_report.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

class IoExecutor;

/// Owns a pool of connections per database and gives out handles.
///
///     auto& redis = RedisConnectionManager::instance();
///     redis.start(RedisConfigLoader{}.load());
///     auto main = redis.client("main");
///
/// Use the process-wide `instance()`, or make ordinary objects of your own. A database that nobody uses opens
/// no connection.
///
/// Thread safety: full. `shutdown` and destruction may come from every thread, also from a handler.
/// In the child of a fork: what was made before belongs to the parent. Handles fail with `Errc::forked`,
/// `shutdown` and destruction return at once; `start` begins anew.
class RedisConnectionManager final : public ClientProvider {
 public:
  RedisConnectionManager();
  RedisConnectionManager(const RedisConnectionManager&) = delete;
  RedisConnectionManager& operator=(const RedisConnectionManager&) = delete;
  /// Shuts down with a deadline of one second, if that has not been done.
  ~RedisConnectionManager() override;

  /// The manager of this process; never destroyed, shut down at exit. In tests, `testing::ScopedOverride`
  /// puts another in its place.
  [[nodiscard]] static RedisConnectionManager& instance();

  /// Takes the configuration and connects the required databases, for at most `start_timeout`. A database
  /// that can't be reached is no error here: the service starts, handles tell, and attempts go on in the
  /// background (`DatabaseConfig::startup`). Starting again after `shutdown` is fine.
  ///
  /// Errors: `ConfigError` with every fault of the configuration; `Errc::invalid_argument` when already
  /// started.
  void start(RedisConfig config);
  /// The same on the service's own executor (`redstart/manager/io_executor.hpp`; every `io_context`,
  /// `thread_pool` and executor of Asio's fits), which somebody has to run: no I/O thread of the library's
  /// own is started then; helpers for what may hang (names, files, providers) come and go. It never keeps the
  /// executor's context from ending once `shutdown` was called.
  void start(RedisConfig config, const IoExecutor& executor);

  /// Takes no more calls, waits until those under way have ended or `deadline` has passed (at once for zero
  /// or less, never for the longest duration), interrupts the rest, closes everything. Handles then fail with
  /// `Errc::closed`. Does nothing when not started.
  ///
  /// Returns half a second after the deadline at the latest, even if nobody runs the executor or a handler
  /// hangs; on a thread that runs handlers it returns at once. In these cases the end goes on behind it.
  /// Every operation completes, once.
  void shutdown(TimeLimit deadline = std::chrono::seconds{1}) noexcept;
  /// `shutdown` under the name that streams and sockets have for it.
  void close(TimeLimit deadline = std::chrono::seconds{1}) noexcept { shutdown(deadline); }

  [[nodiscard]] bool started() const noexcept;

  /// A snapshot of everything. Costs about a microsecond a database.
  [[nodiscard]] ManagerStats stats() const;
  /// The same of one database. Errors: `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] DatabaseStats stats(std::string_view database) const;

  /// The circuit breaker of a database: its state, and forcing it open or closed. Errors:
  /// `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] CircuitControl breaker(std::string_view database) const;

  /// Looks at a database over a connection of its own, beside the pool's: can it be reached, does it take us
  /// in, does it serve, does it take writes; and if not, what is wrong and what to do.
  ///
  ///     if (const auto report = redis.validate_connection("main"); !report.ok())
  ///       std::cerr << report.explain() << '\n';
  ///
  /// `timeout`: for all of it; unset: the database's `timeouts.health` (2 s). Waits that long at most, so it
  /// is not for handlers and coroutines. Whether writes are taken is found out by SETRANGE of nothing, which
  /// changes nothing: the key `redstart:validate` is not made. It is for diagnosis, and not for a probe every
  /// few seconds: it opens a connection each time, and a user without the rights to INFO or SETRANGE gets
  /// entries in ACL LOG. For probes there is `stats()`. What the breaker or earlier failures say does
  /// not matter here, and nothing of it is counted in the statistics.
  ///
  /// Errors: `Errc::unknown_database`, `Errc::not_started`, `Errc::closed`, `Errc::forked`. All else is in
  /// the report.
  [[nodiscard]] ConnectionReport validate_connection(std::string_view database, TimeLimit timeout = {}) const;

  /// Closes connections that have been idle for longer than their database's `idle_timeout`, down to
  /// `min_idle`, and has `min_idle` filled up again behind it; returns how many were closed. Also done by
  /// itself every `cleanup_interval`.
  std::size_t cleanup_idle_connections();

 private:
  class State;

  void start_on(RedisConfig config, const IoExecutor* executor);
  [[nodiscard]] Result<engine::ChannelPtr> channel(std::string_view database, TimeLimit timeout) override;
  [[nodiscard]] Result<engine::AsyncChannelPtr> async_channel(std::string_view database) override;
  [[nodiscard]] std::optional<Error> outage(std::string_view database) override;

  std::unique_ptr<State> state_;
};

}  // namespace redstart::inline v0
