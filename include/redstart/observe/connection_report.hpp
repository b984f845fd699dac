// SPDX-License-Identifier: Apache-2.0
// connection_report.hpp: the report on a database and its server.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/observe/server_identity.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace redstart::inline v0 {

/// Identity and load of a server; a field is empty or 0 if the server did not report it, or refused to.
struct ServerFacts : ServerIdentity {
  std::chrono::seconds uptime{0};
  std::uint64_t clients = 0;  ///< Connections, including this one.
  std::uint64_t maximum_clients = 0;
  std::uint64_t rejected_clients = 0;  ///< Refused because of `maxclients`, since the server's start.
  std::uint64_t memory = 0;            ///< Bytes in use.
  std::uint64_t resident_memory = 0;   ///< Bytes that the operating system has given to the server.
  std::uint64_t maximum_memory = 0;    ///< `maxmemory`; 0: no limit, or unknown.
  std::string memory_policy{};         ///< `maxmemory-policy`: "noeviction", "allkeys-lru", …
  std::uint64_t evicted_keys = 0;      ///< Removed because of `maxmemory`, since the server's start.
  std::uint64_t replicas = 0;          ///< Connected to a master.
};

/// The steps of a connect attempt, in their order.
enum class ConnectStep : std::uint8_t {
  resolved,   ///< The name has addresses.
  connected,  ///< One of them has accepted the connection.
  secured,    ///< The TLS handshake has succeeded; only with TLS.
};

/// The result of `RedisConnectionManager::validate_connection`. Contains no secret.
struct ConnectionReport {
  std::string database{};
  std::string endpoint{};
  std::optional<ConnectStep> reached{};  ///< The last step that succeeded. Empty: none.
  bool reachable = false;                ///< A connection was opened; with TLS, the server was verified.
  bool ready = false;                    ///< The server accepted the credentials and serves commands.
  std::optional<bool> writable{};        ///< It accepts writes. Empty: unknown.

  /// The first problem that was found, with advice; empty if there is none. Its `explain()` names the runbook
  /// entry.
  std::optional<Error> problem{};
  /// Observations that are no faults, such as missing permissions for a complete report.
  std::vector<std::string> notes{};

  std::chrono::nanoseconds connecting{0};  ///< Time for lookup, connection, TLS and handshake.
  std::chrono::nanoseconds ping{0};        ///< Round-trip time of one PING.
  ServerFacts server{};

  /// True if no problem was found.
  [[nodiscard]] bool ok() const noexcept { return !problem; }
  /// The complete report in a few lines, for a log or a terminal.
  [[nodiscard]] std::string explain() const;
};

}  // namespace redstart::inline v0
