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

/// Owns a pool of connections for each database and provides handles.
///
///     auto& redis = RedisConnectionManager::instance();
///     redis.start(RedisConfigLoader{}.load());
///     auto main = redis.client("main");
///
/// Use the process-wide `instance()`, or create ordinary objects. A database that is not used opens no
/// connection.
///
/// Thread safety: full. `shutdown` and destruction may be called on every thread, also in a handler.
///
/// After a fork: everything that was created before belongs to the parent. In the child, handles fail with
/// `Errc::forked`, `shutdown` and destruction return at once, and `start` starts anew.
class RedisConnectionManager final : public ClientProvider {
 public:
  RedisConnectionManager();
  RedisConnectionManager(const RedisConnectionManager&) = delete;
  RedisConnectionManager& operator=(const RedisConnectionManager&) = delete;
  /// Shuts down with a deadline of one second, unless the manager was shut down before.
  ~RedisConnectionManager() override;

  /// Returns the manager of this process, which is shut down at exit and never destroyed. In tests,
  /// `testing::ScopedOverride` replaces it.
  [[nodiscard]] static RedisConnectionManager& instance();

  /// Connects the required databases of `config`, for at most `start_timeout`. A database that can't be
  /// reached is no error here: handles report it, and attempts continue in the background
  /// (`DatabaseConfig::startup`). The manager can be started again after `shutdown`.
  ///
  /// Errors: `ConfigError` with every fault of the configuration; `Errc::invalid_argument` if it is started
  /// already.
  void start(RedisConfig config);
  /// Starts like `start(config)`, on the service's own executor (`redstart/manager/io_executor.hpp`): any
  /// Asio `io_context`, `thread_pool` or executor, which the service must run. The library then starts no I/O
  /// threads. Short-lived helper threads still resolve names, read files and ask credentials providers. After
  /// `shutdown`, the manager does not keep the executor's context from ending.
  void start(RedisConfig config, const IoExecutor& executor);

  /// Accepts no further calls, waits until those under way have ended or `deadline` has passed, interrupts
  /// the rest and closes all connections. A deadline of zero or less has passed; the longest duration never
  /// passes. Handles then fail with `Errc::closed`. No effect if the manager is not started.
  ///
  /// Returns half a second after the deadline at the latest, even if the executor is not running or a handler
  /// hangs. On a thread that runs handlers it returns at once. In these cases the shutdown continues in the
  /// background. Every operation completes exactly once.
  void shutdown(TimeLimit deadline = std::chrono::seconds{1}) noexcept;
  /// Calls `shutdown`; the name that streams and sockets use.
  void close(TimeLimit deadline = std::chrono::seconds{1}) noexcept { shutdown(deadline); }

  [[nodiscard]] bool started() const noexcept;

  /// Returns a snapshot of all databases. Cost: about a microsecond for each database.
  [[nodiscard]] ManagerStats stats() const;
  /// Returns a snapshot of one database. Errors: `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] DatabaseStats stats(std::string_view database) const;

  /// Returns the control of a database's circuit breaker, which shows its state and forces it open or closed.
  /// Errors: `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] CircuitControl breaker(std::string_view database) const;

  /// Examines a database over a connection outside the pool: whether it can be reached, accepts the
  /// credentials, is ready and accepts writes. The report has the first fault and what to do about it.
  ///
  ///     if (const auto report = redis.validate_connection("main"); !report.ok())
  ///       std::cerr << report.explain() << '\n';
  ///
  /// `timeout`: the limit of the whole examination; unset: the database's `timeouts.health` (2 s). It blocks,
  /// so don't call it in handlers and coroutines. SETRANGE with an empty value shows whether writes are
  /// accepted; it changes nothing and does not create the key `redstart:validate`. The breaker and earlier
  /// failures have no influence, and nothing is counted. The identity that INFO reports is kept for
  /// `DatabaseStats::nodes`.
  ///
  /// Use it for diagnosis and `stats()` for frequent probes: it opens a connection each time, and a user
  /// without permission for INFO or SETRANGE gets entries in ACL LOG.
  ///
  /// Errors: `Errc::unknown_database`, `Errc::not_started`, `Errc::closed`, `Errc::forked`. All others are in
  /// the report.
  [[nodiscard]] ConnectionReport validate_connection(std::string_view database, TimeLimit timeout = {}) const;

  /// Closes connections that have been idle for longer than their database's `idle_timeout`, but keeps
  /// `min_idle`, and opens missing ones in the background. Returns how many it closed. The manager also does
  /// this every `cleanup_interval`.
  std::size_t cleanup_idle_connections();

 private:
  class State;

  void start_on(RedisConfig config, const IoExecutor* executor);
  [[nodiscard]] Result<engine::ChannelSourcePtr> channel(std::string_view database,
                                                         TimeLimit timeout) override;
  [[nodiscard]] Result<engine::AsyncChannelSourcePtr> async_channel(std::string_view database) override;
  [[nodiscard]] std::optional<Error> outage(std::string_view database) override;

  std::unique_ptr<State> state_;
};

}  // namespace redstart::inline v0
