// SPDX-License-Identifier: Apache-2.0
// redis_connection_manager.hpp: a service's access to its databases.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/config/reload_report.hpp>
#include <redstart/manager/circuit_control.hpp>
#include <redstart/manager/client_provider.hpp>
#include <redstart/observe/connection_report.hpp>
#include <redstart/observe/diagnosis.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

class IoExecutor;
namespace detail {
class ManagerAccess;
class ReportReceiver;
}  // namespace detail
namespace manager {
class Running;
}  // namespace manager
// Defined in <redstart/client/async_operations.hpp>; redstart.hpp includes it.
using ReportOperation =
    Operation<ConnectionReport, void(std::exception_ptr, ConnectionReport), detail::ReportReceiver>;

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

  /// Connects the required databases of `config`, for at most `start_timeout`. Returns what is configured,
  /// which required databases are ready, and what to do about the others. Optional databases connect when
  /// they are used; `diagnose` examines them too. The manager can be started again after `shutdown`.
  ///
  ///     std::cerr << redis.start(RedisConfigLoader{}.load()).explain() << '\n';
  ///
  /// By default, a database that can't be reached is no error: handles report it, and attempts continue in
  /// the background (`DatabaseConfig::startup`). `RedisConfig::start_mode` makes it one.
  ///
  /// Errors: `ConfigError` with every fault of the configuration; `Errc::invalid_argument` if it is started
  /// already; `StartError` with `StartMode::complete`, if a required database is not ready in time.
  Diagnosis start(RedisConfig config);
  /// Starts like `start(config)`, on the service's own executor (`redstart/manager/io_executor.hpp`): any
  /// Asio `io_context`, `thread_pool` or executor, which the service must run. The library then starts no I/O
  /// threads. Short-lived helper threads still resolve names, read files and ask credentials providers. After
  /// `shutdown`, the manager does not keep the executor's context from ending.
  Diagnosis start(RedisConfig config, const IoExecutor& executor);

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

  /// Takes over the settings of `config` that can change without a restart, such as time limits, retries, the
  /// breaker, passwords and `max_connections`. Returns all differences, and which of them take a restart.
  /// Calls that start later use the new settings; open connections keep those they were opened with.
  /// Databases that `config` adds are added; none is removed. The listener and credentials providers stay.
  ///
  ///     std::cerr << redis.reload(RedisConfigLoader{}.load()).explain() << '\n';
  ///
  /// docs/configuration.md marks the settings that take a restart.
  ///
  /// Errors: `ConfigError` with every fault, and nothing has changed; `Errc::not_started`, `Errc::closed`,
  /// `Errc::forked`.
  ReloadReport reload(RedisConfig config);

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
  /// so use `async_validate_connection` in handlers and coroutines. SETRANGE with an empty value shows
  /// whether writes are accepted; it changes nothing and does not create the key `redstart:validate`. The
  /// breaker and earlier failures have no influence, and nothing is counted. The identity that INFO reports
  /// is kept for `DatabaseStats::nodes`.
  ///
  /// Use it for diagnosis and `stats()` for frequent probes: it opens a connection each time, and a user
  /// without permission for INFO or SETRANGE gets entries in ACL LOG.
  ///
  /// Errors: `Errc::unknown_database`, `Errc::not_started`, `Errc::closed`, `Errc::forked`. All others are in
  /// the report.
  [[nodiscard]] ConnectionReport validate_connection(std::string_view database, TimeLimit timeout = {}) const;

  /// Returns an operation that examines a database like `validate_connection`, and completes with the report.
  /// It blocks neither the caller nor an I/O thread: a helper thread makes the examination.
  ///
  ///     const auto report = co_await redis.async_validate_connection("main");
  ///
  /// `timeout`: as of `validate_connection`, counted from the start of the operation.
  ///
  /// Cancellation: of each kind; it completes at once with `Errc::cancelled`. The examination itself ends at
  /// its limit at the latest. Errors: `Errc::overloaded` if 16 examinations of this manager are under way;
  /// `Errc::closed` after a shutdown. `Errc::unknown_database`, `Errc::not_started` and `Errc::forked` are
  /// thrown at once. All others are in the report.
  [[nodiscard]] ReportOperation async_validate_connection(std::string_view database,
                                                          TimeLimit timeout = {}) const;

  /// Examines all configured databases at the same time, each as `validate_connection` does. Returns what is
  /// ready, and for the others what is impaired and what to try.
  ///
  /// `timeout`: the limit for each database; unset: its `timeouts.health` (2 s). It blocks that long and uses
  /// a helper thread for each database.
  ///
  /// Errors: `Errc::not_started`, `Errc::closed`, `Errc::forked`. All others are in the diagnosis.
  [[nodiscard]] Diagnosis diagnose(TimeLimit timeout = {}) const;

  /// Closes connections that have been idle for longer than their database's `idle_timeout`, but keeps
  /// `min_idle`, and opens missing ones in the background. Returns how many it closed. The manager also does
  /// this every `cleanup_interval`.
  std::size_t cleanup_idle_connections();

 private:
  class State;
  friend class detail::ManagerAccess;

  [[nodiscard]] Result<std::shared_ptr<manager::Running>> running() const;
  Diagnosis start_on(RedisConfig config, const IoExecutor* executor);
  [[nodiscard]] Result<engine::ChannelSourcePtr> channel(std::string_view database,
                                                         TimeLimit timeout) override;
  [[nodiscard]] Result<engine::AsyncChannelSourcePtr> async_channel(std::string_view database) override;
  [[nodiscard]] std::optional<Error> outage(std::string_view database) override;

  std::unique_ptr<State> state_;
};

}  // namespace redstart::inline v0
