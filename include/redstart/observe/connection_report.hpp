// SPDX-License-Identifier: Apache-2.0
// connection_report.hpp: the report about a database and its server.
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
  std::uint64_t clients = 0;  ///< Connections, ours included.
  std::uint64_t maximum_clients = 0;
  std::uint64_t memory = 0;          ///< Bytes in use.
  std::uint64_t maximum_memory = 0;  ///< `maxmemory`; 0: no limit, or not known.
  std::uint64_t replicas = 0;        ///< Connected to a master.
};

/// What `RedisConnectionManager::validate_connection` found. Holds no secret.
struct ConnectionReport {
  std::string database{};
  std::string endpoint{};
  bool reachable = false;          ///< A connection was made; with TLS, the server has proven who it is.
  bool ready = false;              ///< The server took user and password, and serves commands.
  std::optional<bool> writable{};  ///< It takes writes. Empty: not known.

  /// The first thing that is wrong, with what to do about it; empty where nothing is. `explain()` names the
  /// entry of the runbook.
  std::optional<Error> problem{};
  /// What is no fault, but good to know, such as rights that are missing for a closer look.
  std::vector<std::string> notes{};

  std::chrono::nanoseconds connecting{0};  ///< Name, connection, TLS and handshake.
  std::chrono::nanoseconds ping{0};        ///< One PING there and back.
  ServerFacts server{};

  /// True when nothing is wrong.
  [[nodiscard]] bool ok() const noexcept { return !problem; }
  /// All of it in a few lines, for a log or a terminal.
  [[nodiscard]] std::string explain() const;
};

}  // namespace redstart::inline v0
