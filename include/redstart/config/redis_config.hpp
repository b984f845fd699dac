// SPDX-License-Identifier: Apache-2.0
// redis_config.hpp: the configuration as plain structs.
#pragma once

#include <redstart/config/credentials.hpp>
#include <redstart/config/tls_config.hpp>
#include <redstart/core/endpoint.hpp>
#include <redstart/core/error.hpp>
#include <redstart/core/secret.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/metrics_exporter.hpp>
#include <redstart/observe/standard_error.hpp>
#include <redstart/observe/tracer.hpp>
#include <redstart/resilience/backoff.hpp>
#include <redstart/resilience/breaker_policy.hpp>
#include <redstart/resilience/retry_policy.hpp>
#include <redstart/resp/limits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// The protocol of a connection.
enum class Protocol : std::uint8_t {
  automatic,  ///< RESP3 if the server knows HELLO, otherwise RESP2.
  resp3,      ///< RESP3, or the connection fails.
  resp2,      ///< RESP2, without HELLO.
};

/// The commands that a new connection sends.
enum class Handshake : std::uint8_t {
  full,  ///< HELLO, AUTH, CLIENT SETNAME, CLIENT SETINFO, SELECT, PING: those that the server knows.
  /// AUTH, SELECT (if `number` is above 0) and PING only, in RESP2. For proxies such as twemproxy, which
  /// close a connection on a command that they don't know.
  minimal,
};

/// All time limits. Range: above zero, at most 24 h.
struct Timeouts {
  std::chrono::milliseconds connect{
      5000};  ///< Credentials, name lookup, connect, TLS and handshake together.
  /// One call as a whole: waiting for a connection, sending, the complete reply, and all retries with the
  /// delays between them.
  std::chrono::milliseconds command{5000};
  /// Waiting for a free connection; never longer than the limit of the call.
  std::chrono::milliseconds acquire{5000};
  /// The reply to the PING of `check_after_idle`, a health probe, and `validate_connection` as a whole.
  std::chrono::milliseconds health{2000};
  /// How long the server may leave the oldest command in flight without a complete reply. Then an
  /// asynchronous connection is closed, and its commands fail with `connection_lost`. Unset: `command`, at
  /// most 5 s. At least 10 ms. A call whose own limit (`with_timeout`) is longer uses a connection of its
  /// own, on which that limit applies instead. Also the limit for unacknowledged data (TCP_USER_TIMEOUT) of
  /// every connection.
  std::optional<std::chrono::milliseconds> silence{};
};

/// TCP keepalive of every connection. `idle` zero turns it off.
struct Keepalive {
  std::chrono::seconds idle{600};     ///< Time without received data before the first probe.
  std::chrono::seconds interval{60};  ///< Between probes.
  /// Unanswered probes until the connection is closed. On Linux it is closed when the second is due, because
  /// TCP_USER_TIMEOUT is set too.
  int count = 5;
};

/// How `RedisConnectionManager::start` ends if a required database is not ready after `start_timeout`.
enum class StartMode : std::uint8_t {
  degraded,  ///< It starts, and goes on connecting in the background.
  complete,  ///< It throws `StartError`, and the manager is not started.
};

/// Whether calls fail or wait while the database can't be reached.
enum class WhenAway : std::uint8_t {
  fail,  ///< They fail at once, from the first failed connect attempt until one succeeds.
  wait,  ///< They wait until their deadline.
};

/// The settings of one database: address, credentials, connections, failure handling.
struct DatabaseConfig {
  Endpoint endpoint{};
  std::string username{};  ///< ACL user; empty: the server's default user.
  Secret password{};       ///< Empty: no AUTH, or an empty one for a user without password (ACL `nopass`).
  /// The argument of SELECT, 0 or above, limited by the server. Empty: not set, so the server decides, which
  /// starts each connection with database 0. SELECT is sent only for a number above 0.
  std::optional<int> number{};
  /// Provides user and password instead of `username` and `password`; may be null.
  std::shared_ptr<CredentialsProvider> credentials{};
  TlsConfig tls{};
  Protocol protocol = Protocol::automatic;
  Handshake handshake = Handshake::full;
  std::string client_name{};  ///< CLIENT SETNAME; empty: `<service>:<database>`. No blanks or line ends.

  std::size_t max_connections = 50;  ///< 1 … 10,000.
  std::size_t min_idle = 0;          ///< Direct connections kept open; at most `max_connections`.
  std::chrono::milliseconds idle_timeout{
      std::chrono::minutes{5}};  ///< Closed when unused for longer. 0: never.

  /// A connection that has been open for longer is closed when it is returned. The last tenth varies at
  /// random. 0: never.
  std::chrono::milliseconds max_lifetime{0};

  /// Connections for each I/O thread that any number of asynchronous callers share, and of synchronous
  /// callers above `direct_limit`; 1 … 16. Opened when first used. They count towards `max_connections`.
  std::size_t shared_connections = 1;
  /// Up to this many concurrent synchronous callers each use a direct connection. Above it, calls go over
  /// shared connections. 0: always shared; at most 10,000.
  std::size_t direct_limit = 10;
  /// False: synchronous callers never share. They queue if `max_connections` are in use.
  bool sync_over_shared = true;
  /// Limit of operations that wait or are in flight on one shared connection, on one asynchronous scoped
  /// handle, and on all exclusive connections of single calls together; 1 … 100,000,000. Further ones fail
  /// with `overloaded`.
  std::size_t max_pending = 100'000;
  /// Limit of their encoded bytes, 1,024 or above. An operation is always accepted if there is no other.
  std::size_t max_pending_bytes = std::size_t{64} << 20;
  /// Proves for each batch that its replies belong to its commands, at the cost of one ECHO for each batch.
  /// Protects against servers and proxies that drop, repeat or invent replies. Two swapped replies in one
  /// batch are not detected.
  bool integrity = false;

  /// A connection that has been unused for longer is checked by PING before use, because a firewall or a dead
  /// host may have cut it without notice. 0: never.
  std::chrono::milliseconds check_after_idle{std::chrono::seconds{30}};
  /// A scoped handle that is held for longer is reported once, by an event. 0: never.
  std::chrono::milliseconds lease_warning{std::chrono::seconds{30}};

  /// A call that succeeds and takes longer emits `redis.command.slow`; for each command the first, then one
  /// per 10 s that counts the others. Commands that block in the server on purpose are left out. 0: off.
  std::chrono::milliseconds slow_command{0};

  WhenAway when_away = WhenAway::fail;
  StartupPolicy startup{};    ///< Delays between connect attempts until the first one succeeds.
  BackoffPolicy reconnect{};  ///< Delays between later connect attempts, without limit: 50 ms … 500 ms.
  BreakerPolicy breaker{};    ///< When calls fail at once because the server does not reply.
  /// Which commands are sent again, how often and after which delays. `while_away` has no effect here:
  /// `when_away` decides.
  RetryPolicy retry{};
  RetryBudgetPolicy retry_budget{};  ///< Limits the retries of all calls together.

  Timeouts timeouts{};
  Keepalive keepalive{};
  resp::Limits limits{};  ///< Limits of a reply.

  bool required = false;  ///< The service can't work without it. Default: true for `main`.
  /// The effect on the service while this database is away, as one sentence. `Diagnosis` and
  /// `ConfigExplanation` show it. Empty: `default_impact` of its name.
  std::string impact{};
};

/// A database and its name.
struct NamedDatabase {
  std::string name;
  DatabaseConfig config;
};

/// The whole configuration of a manager.
///
///     RedisConfig config;
///     config.defaults.endpoint.host = "redis.internal";
///     config.database("cache").max_connections = 10;
struct RedisConfig {
  std::string service = "redstart";  ///< Name of the service, seen in CLIENT LIST.
  /// Where the service runs. With `production` or `prod`, in any case, the loader demands an explicit host
  /// and a credential of each database. Other texts have no effect.
  std::string environment = "development";
  DatabaseConfig defaults{};  ///< The settings that `database()` copies.
  std::vector<NamedDatabase> databases{};

  /// The library's own threads for asynchronous connections, 1 … 64. None is started if the service passes
  /// its executor to `start`.
  std::size_t io_threads = 1;
  std::chrono::milliseconds start_timeout{5000};  ///< How long `start()` waits for required databases.
  /// Whether the service starts without a required database. Use `complete` where a supervisor starts it
  /// anew.
  StartMode start_mode = StartMode::degraded;
  std::chrono::milliseconds cleanup_interval{std::chrono::seconds{60}};  ///< Idle clean-up; 0: off.
  /// Receives every event. The default writes changes of state to standard error, one line each. Null: none.
  std::shared_ptr<EventListener> listener = standard_error_listener();
  /// Receives the begin and end of each operation; null: none.
  std::shared_ptr<Tracer> tracer{};
  /// Receives the statistics every `metrics_interval` and once at the end of the shutdown, on a thread of its
  /// own. An exception that leaves it is the event `redis.metrics.failed`. Null: none.
  std::shared_ptr<MetricsExporter> metrics_exporter{};
  std::chrono::milliseconds metrics_interval{std::chrono::seconds{60}};  ///< Of `metrics_exporter`; 0: never.
  /// Corrections that the loader made. `start` reports each as `redis.config.notice`.
  std::vector<ConfigFault> notices{};

  /// The configuration of database `name`. If there is none, it is made from `defaults`, with the number of
  /// the name if that is one of the sixteen. Set `defaults` first.
  ///
  /// Lifetimes: the reference is valid until the next call.
  DatabaseConfig& database(std::string_view name);
  [[nodiscard]] const DatabaseConfig* find(std::string_view name) const noexcept;
};

/// All faults of a configuration; empty if there is none. `RedisConnectionManager::start` throws them as
/// ConfigError.
[[nodiscard]] std::vector<ConfigFault> validate(const RedisConfig& config);

}  // namespace redstart::inline v0
