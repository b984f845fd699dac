// SPDX-License-Identifier: Apache-2.0
// errc.hpp: error codes, what each means, effects and remedies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace redstart::inline v0 {

/// The kind of an error. `errc_table` has a row for each; `to_string` returns the enumerator's name.
enum class Errc : std::uint8_t {
  configuration,          ///< The configuration has faults; `ConfigError::faults()` lists them all.
  unknown_database,       ///< No database of that name is configured.
  not_started,            ///< The manager has not been started yet.
  closed,                 ///< The manager was shut down or destroyed.
  resolve_failed,         ///< The host name has no address.
  connect_refused,        ///< No process listens at the endpoint.
  connect_timeout,        ///< The connection was not ready within the connect timeout.
  connect_failed,         ///< The endpoint could not be reached for another reason.
  resource_exhausted,     ///< This process is out of file descriptors, ports, threads or memory.
  handshake_failed,       ///< Connected, but the peer refused or garbled the handshake.
  authentication_failed,  ///< The server refused the credentials, or requires some.
  tls_failed,             ///< No TLS session: certificate, version or a local file is wrong.
  loading,                ///< The server was reachable but not ready at the deadline.
  unavailable,            ///< The last connect attempt failed, and the next one is not due yet.
  circuit_open,           ///< The circuit breaker rejects calls because the server stopped answering.
  pool_timeout,           ///< Every connection was in use until the deadline.
  timeout,                ///< No complete reply before the deadline.
  connection_lost,        ///< The connection broke during the exchange.
  protocol_error,         ///< The peer sent bytes that are not RESP, or a reply beyond the limits.
  server_error,           ///< The server replied with an error.
  decode_error,           ///< The reply does not have the requested type.
  cancelled,              ///< The caller cancelled the operation.
  overloaded,             ///< Too many commands, or too many bytes, are already pending.
  would_deadlock,         ///< The call would wait for the thread it runs on.
  forked,                 ///< The process was forked: this handle belongs to the parent.
  not_allowed,            ///< The handle can't run this command; most such commands need a scoped handle.
  invalid_argument,       ///< The call itself is wrong.
};

/// The outcome of the command.
enum class Effect : std::uint8_t {
  none,           ///< There was no command: configuration and handle errors.
  server_error,   ///< The server ran or examined it and replied with an error.
  not_sent,       ///< It provably had no effect: safe to repeat.
  indeterminate,  ///< Written, but not answered: it may have run, may still run, or may never run.
};

/// The action that may help.
enum class Remedy : std::uint8_t {
  none,       ///< Nothing in particular.
  retry,      ///< Repeat the call a little later.
  reconnect,  ///< Repeat the call on a new connection, to the server that has the role or the key now.
  never,      ///< Repeating can't help until the cause is fixed.
};

/// How the circuit breaker counts the outcome of a call.
enum class BreakerVerdict : std::uint8_t {
  success,  ///< The server answered, even if with an error.
  failure,  ///< The server did not answer in time, broke the connection or garbled it.
  nothing,  ///< It proves nothing about the server, or reconnecting handles it.
};

/// Describes one code. Its name is also its entry in docs/runbook.md.
struct ErrcInfo {
  Errc code;
  std::string_view name;
  bool unavailable;        ///< "This database can't serve now": an `Unavailable`, 503 in a web layer.
  bool final;              ///< The same call can't end in another way, whatever the database does next.
  BreakerVerdict breaker;  ///< How the circuit breaker counts it.
  std::string_view meaning;
  std::string_view advice;  ///< Advice if the error itself has none; may be empty.
};

inline constexpr ErrcInfo errc_table[] = {
    {Errc::configuration, "configuration", false, true, BreakerVerdict::nothing,
     "the configuration has faults; all are listed", ""},
    {Errc::unknown_database, "unknown_database", false, true, BreakerVerdict::nothing,
     "no database of that name is configured", ""},
    {Errc::not_started, "not_started", false, true, BreakerVerdict::nothing,
     "`start()` has not been called yet", ""},
    {Errc::closed, "closed", true, true, BreakerVerdict::nothing, "the manager was shut down or destroyed",
     ""},
    {Errc::resolve_failed, "resolve_failed", true, false, BreakerVerdict::nothing,
     "the host name has no address, or the lookup took too long",
     "Check the host name (REDIS_URL, endpoint.host)"},
    {Errc::connect_refused, "connect_refused", true, false, BreakerVerdict::nothing,
     "no process listens at the endpoint",
     "Is the server running? Check host and port (REDIS_URL, endpoint); `redis-cli ping` there should say "
     "PONG"},
    {Errc::connect_timeout, "connect_timeout", true, false, BreakerVerdict::nothing,
     "the connection was not ready within the connect timeout",
     "Check the address, the network path and the server's load"},
    {Errc::connect_failed, "connect_failed", true, false, BreakerVerdict::nothing,
     "another reason, in the message: no route, no such socket, no permission",
     "Check the endpoint (REDIS_URL, endpoint) and the network"},
    {Errc::resource_exhausted, "resource_exhausted", true, false, BreakerVerdict::nothing,
     "this process is out of file descriptors, ports, threads or memory",
     "Raise this process's limits (`ulimit -n`) or lower max_connections"},
    {Errc::handshake_failed, "handshake_failed", true, false, BreakerVerdict::nothing,
     "connected, but the peer is no Redis server, closed the connection, or refused HELLO, SELECT or PING",
     "See the server's log; check its maxclients, the database number, and whether this port wants TLS "
     "(tls.enabled)"},
    {Errc::authentication_failed, "authentication_failed", true, false, BreakerVerdict::nothing,
     "wrong or missing credentials, or the credentials provider threw",
     "Check user name and password (REDIS_URL) and the server's ACL"},
    {Errc::tls_failed, "tls_failed", true, false, BreakerVerdict::nothing,
     "no TLS session; the message names the reason",
     "Check the server's certificate (openssl s_client -connect), tls.ca_file and tls.server_name"},
    {Errc::loading, "loading", true, false, BreakerVerdict::nothing,
     "the server was reachable but not ready at the deadline",
     "Wait until the server is ready: see INFO persistence (loading_eta_seconds); for a script SCRIPT KILL; "
     "for a lost master INFO replication"},
    {Errc::unavailable, "unavailable", true, false, BreakerVerdict::nothing,
     "the last connect attempt failed, and its cause is no longer known", ""},
    {Errc::circuit_open, "circuit_open", true, false, BreakerVerdict::nothing,
     "the circuit breaker rejects calls because the server stopped answering",
     "Wait: probes admit calls again once the server answers; find out why it stopped answering"},
    {Errc::pool_timeout, "pool_timeout", true, false, BreakerVerdict::nothing,
     "every connection was in use until the deadline, or for `timeouts.acquire`",
     "Raise max_connections, or look for scoped handles that are held too long"},
    {Errc::timeout, "timeout", false, false, BreakerVerdict::failure, "no complete reply before the deadline",
     "See SLOWLOG and the server's load, or raise the command timeout"},
    {Errc::connection_lost, "connection_lost", false, false, BreakerVerdict::failure,
     "the connection broke during the exchange",
     "See the server's log: it restarted, or closed the connection (CLIENT KILL, timeout)"},
    {Errc::protocol_error, "protocol_error", false, false, BreakerVerdict::failure,
     "the peer sent bytes that are not RESP, or a reply beyond the limits",
     "Is this the port of a Redis server, and not one that speaks TLS or HTTP?"},
    {Errc::server_error, "server_error", false, false, BreakerVerdict::success,
     "the server replied with an error", ""},
    {Errc::decode_error, "decode_error", false, true, BreakerVerdict::success,
     "the command ran, but its reply has not the requested type, or a codec threw", ""},
    {Errc::cancelled, "cancelled", false, true, BreakerVerdict::nothing, "the caller cancelled the operation",
     ""},
    {Errc::overloaded, "overloaded", false, false, BreakerVerdict::nothing,
     "`max_pending` operations or `max_pending_bytes` are already pending",
     "Send less at once, or raise max_pending or max_pending_bytes; check whether the server is slow"},
    {Errc::would_deadlock, "would_deadlock", false, true, BreakerVerdict::nothing,
     "a synchronous call would have to wait on a thread that serves connections", ""},
    {Errc::forked, "forked", false, true, BreakerVerdict::nothing,
     "the process was forked: the handle belongs to the parent",
     "Call start() again in the child process and take new handles"},
    {Errc::not_allowed, "not_allowed", false, true, BreakerVerdict::nothing,
     "the handle can't run this command", ""},
    {Errc::invalid_argument, "invalid_argument", false, true, BreakerVerdict::nothing,
     "the call itself is wrong", ""},
};

/// The row of a code; null for a value that is none of the enumerators.
[[nodiscard]] constexpr const ErrcInfo* errc_info(Errc code) noexcept {
  const auto row = static_cast<std::size_t>(code);
  return row < std::size(errc_table) ? &errc_table[row] : nullptr;
}

static_assert(
    [] {
      std::size_t next = 0;
      for (const ErrcInfo& row : errc_table)
        if (row.code != static_cast<Errc>(next++)) return false;
      return next == static_cast<std::size_t>(Errc::invalid_argument) + 1;
    }(),
    "errc_table has one row for each enumerator of Errc, in their order");

[[nodiscard]] constexpr std::string_view to_string(Errc code) noexcept {
  const ErrcInfo* const row = errc_info(code);
  return row != nullptr ? row->name : "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(Effect effect) noexcept {
  switch (effect) {
    case Effect::none: return "none";
    case Effect::server_error: return "server_error";
    case Effect::not_sent: return "not_sent";
    case Effect::indeterminate: return "indeterminate";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(Remedy remedy) noexcept {
  switch (remedy) {
    case Remedy::none: return "none";
    case Remedy::retry: return "retry";
    case Remedy::reconnect: return "reconnect";
    case Remedy::never: return "never";
  }
  return "unknown";
}

/// True for the codes that say "this database can't serve now", which a web layer maps to 503.
[[nodiscard]] constexpr bool is_unavailable(Errc code) noexcept {
  const ErrcInfo* const row = errc_info(code);
  return row != nullptr && row->unavailable;
}

/// True if the same call can't end in another way, whatever the database does next.
[[nodiscard]] constexpr bool is_final(Errc code) noexcept {
  const ErrcInfo* const row = errc_info(code);
  return row == nullptr || row->final;
}

}  // namespace redstart::inline v0
