// SPDX-License-Identifier: Apache-2.0
// breaker_verdict.hpp: what an error tells the circuit breaker about the database.
#pragma once

#include <redstart/core/errc.hpp>
#include <redstart/core/error.hpp>

#include <cstdint>

namespace redstart::inline v0 {

/// What the outcome of a call means to the circuit breaker.
enum class BreakerVerdict : std::uint8_t {
  success,  ///< The server answered, be it with an error.
  failure,  ///< The server did not answer in time, broke the connection or garbled it.
  nothing,  ///< Says nothing about the server, or others judge it: reconnecting owns what never connected.
};

/// The verdict on a code. `connection_lost` and `protocol_error` end a connection: they are one failure for
/// all that was in flight on it.
[[nodiscard]] constexpr BreakerVerdict verdict(Errc code) noexcept {
  switch (code) {
    case Errc::server_error:
    case Errc::decode_error: return BreakerVerdict::success;
    case Errc::timeout:
    case Errc::connection_lost:
    case Errc::protocol_error: return BreakerVerdict::failure;
    case Errc::configuration:
    case Errc::unknown_database:
    case Errc::not_started:
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
    case Errc::pool_timeout:
    case Errc::cancelled:
    case Errc::overloaded:
    case Errc::would_deadlock:
    case Errc::forked:
    case Errc::not_allowed:
    case Errc::invalid_argument: return BreakerVerdict::nothing;
  }
  return BreakerVerdict::nothing;
}

/// The verdict on an error. LOADING tells nothing, also as an answer to a command; nor does a time-out of
/// what was never written, which the calls before it have to answer for.
[[nodiscard]] inline BreakerVerdict verdict(const Error& error) noexcept {
  if (error.code() == Errc::server_error && error.server_code() == "LOADING") return BreakerVerdict::nothing;
  if (error.code() == Errc::timeout && error.effect() == Effect::not_sent) return BreakerVerdict::nothing;
  return verdict(error.code());
}

}  // namespace redstart::inline v0
