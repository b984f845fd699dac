// SPDX-License-Identifier: Apache-2.0
// errc.hpp: what can go wrong, what became of the command then, and what helps.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// What went wrong. `to_string` gives the enumerator's name.
enum class Errc : std::uint8_t {
  configuration,          ///< The configuration holds faults; `ConfigError::faults()` lists them all.
  unknown_database,       ///< No database of that name is configured.
  not_started,            ///< The manager has not been started yet.
  closed,                 ///< The manager was shut down or is gone.
  resolve_failed,         ///< The host name has no address.
  connect_refused,        ///< Nothing listens at the endpoint.
  connect_timeout,        ///< No connection within the connect timeout.
  connect_failed,         ///< The endpoint could not be reached for another reason.
  resource_exhausted,     ///< This process is out of file descriptors, ports or buffers.
  handshake_failed,       ///< Connected, but the server refused or garbled the handshake.
  authentication_failed,  ///< The server refused user name or password, or wants some.
  tls_failed,        ///< No TLS session: the server's certificate, or what both sides speak, is not right.
  loading,           ///< The server is still loading its data set.
  unavailable,       ///< The last attempt failed and the next one is not due yet.
  circuit_open,      ///< The circuit breaker keeps calls away: the server did not answer lately.
  pool_timeout,      ///< Every connection was in use until the deadline.
  timeout,           ///< No (complete) reply until the deadline.
  connection_lost,   ///< The connection broke while the command was under way.
  protocol_error,    ///< The peer sent bytes that are not RESP.
  server_error,      ///< The server answered with an error.
  decode_error,      ///< The reply has not the type that was asked for.
  cancelled,         ///< The caller cancelled it.
  overloaded,        ///< Too many commands, or too many bytes, wait already.
  would_deadlock,    ///< The call would wait for the very thread it runs on.
  forked,            ///< The process was forked: this handle belongs to the parent.
  not_allowed,       ///< The command changes the state of a connection and needs a scoped handle.
  invalid_argument,  ///< The call itself is wrong.
};

/// What became of the command.
enum class Effect : std::uint8_t {
  none,           ///< There was no command: configuration and handle errors.
  server_error,   ///< The server ran or examined it and answered with an error.
  not_sent,       ///< Provably without effect: safe to repeat.
  indeterminate,  ///< Written, but not answered: it may have run, may yet run, or not.
};

/// What helps.
enum class Remedy : std::uint8_t {
  none,       ///< Nothing in particular.
  retry,      ///< The same again, a little later.
  reconnect,  ///< The same again on a new connection, after resolving the name again.
  never,      ///< Repeating can't help before somebody changes something.
};

[[nodiscard]] constexpr std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::configuration: return "configuration";
    case Errc::unknown_database: return "unknown_database";
    case Errc::not_started: return "not_started";
    case Errc::closed: return "closed";
    case Errc::resolve_failed: return "resolve_failed";
    case Errc::connect_refused: return "connect_refused";
    case Errc::connect_timeout: return "connect_timeout";
    case Errc::connect_failed: return "connect_failed";
    case Errc::resource_exhausted: return "resource_exhausted";
    case Errc::handshake_failed: return "handshake_failed";
    case Errc::authentication_failed: return "authentication_failed";
    case Errc::tls_failed: return "tls_failed";
    case Errc::loading: return "loading";
    case Errc::unavailable: return "unavailable";
    case Errc::circuit_open: return "circuit_open";
    case Errc::pool_timeout: return "pool_timeout";
    case Errc::timeout: return "timeout";
    case Errc::connection_lost: return "connection_lost";
    case Errc::protocol_error: return "protocol_error";
    case Errc::server_error: return "server_error";
    case Errc::decode_error: return "decode_error";
    case Errc::cancelled: return "cancelled";
    case Errc::overloaded: return "overloaded";
    case Errc::would_deadlock: return "would_deadlock";
    case Errc::forked: return "forked";
    case Errc::not_allowed: return "not_allowed";
    case Errc::invalid_argument: return "invalid_argument";
  }
  return "unknown";
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

/// True for the codes that say "this database can't serve now", the ones a web layer maps to 503.
[[nodiscard]] constexpr bool is_unavailable(Errc code) noexcept {
  switch (code) {
    case Errc::closed:
    case Errc::resolve_failed:
    case Errc::connect_refused:
    case Errc::connect_timeout:
    case Errc::connect_failed:
    case Errc::resource_exhausted:
    case Errc::handshake_failed:
    case Errc::authentication_failed:
    case Errc::tls_failed:
    case Errc::loading:
    case Errc::unavailable:
    case Errc::circuit_open:
    case Errc::pool_timeout: return true;
    default: return false;
  }
}

}  // namespace redstart::inline v0
