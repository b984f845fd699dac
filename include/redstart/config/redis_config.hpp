// SPDX-License-Identifier: Apache-2.0
// redis_config.hpp: the configuration as plain structs.
#pragma once

#include <redstart/config/credentials.hpp>
#include <redstart/config/tls_config.hpp>
#include <redstart/core/endpoint.hpp>
#include <redstart/core/error.hpp>
#include <redstart/core/secret.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/standard_error.hpp>
#include <redstart/resilience/backoff.hpp>
#include <redstart/resilience/breaker_policy.hpp>
#include <redstart/resilience/retry_policy.hpp>
#include <redstart/resp/limits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// Which protocol a connection speaks.
enum class Protocol : std::uint8_t {
  automatic,  ///< RESP3 where the server knows HELLO, else RESP2.
  resp3,      ///< RESP3 or an error.
  resp2,      ///< RESP2, without asking.
};

/// Which commands introduce a connection.
enum class Handshake : std::uint8_t {
  full,  ///< HELLO, AUTH, CLIENT SETNAME, CLIENT SETINFO, SELECT, PING, as far as the server knows them.
  /// AUTH, SELECT (unless `number` is 0) and PING only, in RESP2: for proxies such as twemproxy, which close
  /// a connection at a command that they don't know.
  minimal,
};

/// Every time limit in one place. Ranges: above zero, at most 24 h.
struct Timeouts {
  std::chrono::milliseconds connect{5000};  ///< Provider, name, connect, TLS, handshake, PING, together.
  /// One call from beginning to end: waiting for a connection, sending, the whole reply, and all retries with
  /// the delays between them.
  std::chrono::milliseconds command{5000};
  std::chrono::milliseconds acquire{
      5000};  ///< Waiting for a free connection; never beyond the call's own limit.
  /// An answer to the PING of `check_after_idle`; `validate_connection` as a whole.
  std::chrono::milliseconds health{2000};
};

/// TCP keepalive, on every connection. `idle` zero turns it off.
struct Keepalive {
  std::chrono::seconds idle{600};     ///< The first probe, after nothing came for so long.
  std::chrono::seconds interval{60};  ///< Between probes.
  /// Probes without an answer until the connection is given up. Linux gives it up as the second is due, since
  /// it has TCP_USER_TIMEOUT as well.
  int count = 5;
};

/// What calls do while the database can't be reached.
enum class WhenAway : std::uint8_t {
  fail,  ///< They fail at once, from the first failed attempt to connect until one succeeds.
  wait,  ///< They wait for it until their own deadline.
};

/// One database: where it is, who we are there, how many connections it may have.
struct DatabaseConfig {
  Endpoint endpoint{};
  std::string username{};  ///< ACL user; empty: the server's default user.
  Secret password{};       ///< Empty: no AUTH, or an empty one for a user without password (ACL `nopass`).
  int number = 0;          ///< SELECT; 0 … what the server allows.
  /// Asked for user and password instead of the two above; may be null.
  std::shared_ptr<CredentialsProvider> credentials{};
  TlsConfig tls{};
  Protocol protocol = Protocol::automatic;
  Handshake handshake = Handshake::full;
  std::string client_name{};  ///< CLIENT SETNAME; empty: `<service>:<database>`. No blanks or line ends.

  std::size_t max_connections = 50;  ///< 1 … 10,000.
  std::size_t min_idle = 0;          ///< Direct ones that are kept open; at most `max_connections`.
  std::chrono::milliseconds idle_timeout{std::chrono::minutes{5}};  ///< Unused for longer: closed. 0: never.

  /// Open for longer: closed when it comes back, the last tenth spread at random. 0: never.
  std::chrono::milliseconds max_lifetime{0};

  /// Connections that any number of asynchronous (and, above `direct_limit`, synchronous) callers share, per
  /// I/O thread; 1 … 16. Opened when first used; they count towards `max_connections`.
  std::size_t shared_connections = 1;
  /// So many synchronous callers at once have a connection of their own each; from the next on, calls go over
  /// shared connections. 0: always shared; at most 10,000.
  std::size_t direct_limit = 10;
  /// False: synchronous callers never share; beyond `max_connections` they wait in line.
  bool sync_over_shared = true;
  /// Operations that may wait or be in flight on one shared connection, on an asynchronous scoped handle, and
  /// together on connections of their own, 1 … 100,000,000. Beyond: `overloaded`.
  std::size_t max_pending = 100'000;
  /// Their encoded bytes, 1,024 or above. One operation is let in whatever its size.
  std::size_t max_pending_bytes = std::size_t{64} << 20;
  /// Proves for each batch of replies that it belongs to its commands, at the cost of one ECHO a batch;
  /// guards against servers and proxies that swallow, repeat or invent replies. Two replies of one batch that
  /// change places are not noticed.
  bool integrity = false;

  /// Unused for longer: asked by PING before it is handed out, since a firewall or a dead host may have cut
  /// it without a word. 0: never.
  std::chrono::milliseconds check_after_idle{std::chrono::seconds{30}};
  /// A scoped handle kept for longer is told as an event, once. 0: never.
  std::chrono::milliseconds lease_warning{std::chrono::seconds{30}};

  WhenAway when_away = WhenAway::fail;
  StartupPolicy startup{};    ///< Delays between attempts to connect until the first one succeeds,
  BackoffPolicy reconnect{};  ///< and after any loss, for ever: 50 ms … 500 ms.
  BreakerPolicy breaker{};    ///< When calls are kept away from a server that does not answer.
  /// What is sent again, how often and how far apart. `while_away` is no matter here: `when_away` decides.
  RetryPolicy retry{};
  RetryBudgetPolicy retry_budget{};  ///< How many retries there may be, all calls together.

  Timeouts timeouts{};
  Keepalive keepalive{};
  resp::Limits limits{};  ///< What a reply may be at most.

  bool required = false;  ///< The service can't work without it. Default true for `main`.
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
  DatabaseConfig defaults{};         ///< What `database()` starts from.
  std::vector<NamedDatabase> databases{};

  /// Threads of the library's own for asynchronous connections, 1 … 64; none are started where the service
  /// gives its executor to `start`.
  std::size_t io_threads = 1;
  std::chrono::milliseconds start_timeout{5000};  ///< How long `start()` waits for required databases.
  std::chrono::milliseconds cleanup_interval{std::chrono::seconds{60}};  ///< Idle clean-up; 0: off.
  /// Receives every event. By default changes of state go to standard error, one line each; null is silence.
  std::shared_ptr<EventListener> listener = standard_error_listener();
  /// What the loader put right; `start` reports each as `redis.config.notice`.
  std::vector<ConfigFault> notices{};

  /// The configuration of database `name`, made from `defaults` (and the number that belongs to the name, if
  /// it is one of the sixteen) when there is none yet. Set `defaults` first.
  ///
  /// Lifetimes: the reference lives until the next call.
  DatabaseConfig& database(std::string_view name);
  [[nodiscard]] const DatabaseConfig* find(std::string_view name) const noexcept;
};

/// Every fault of a configuration; empty when there is none. `RedisConnectionManager::start` throws them as
/// ConfigError.
[[nodiscard]] std::vector<ConfigFault> validate(const RedisConfig& config);

}  // namespace redstart::inline v0
