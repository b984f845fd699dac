// SPDX-License-Identifier: Apache-2.0
// breaker_verdict.hpp: what an error means to the circuit breaker.
#pragma once

#include <redstart/core/errc.hpp>
#include <redstart/core/error.hpp>

namespace redstart::inline v0 {

/// The verdict on a code. `connection_lost` and `protocol_error` end a connection: they are one failure for
/// everything in flight on it.
[[nodiscard]] constexpr BreakerVerdict verdict(Errc code) noexcept {
  const ErrcInfo* const row = errc_info(code);
  return row != nullptr ? row->breaker : BreakerVerdict::nothing;
}

/// The verdict on an error. It is `nothing` for LOADING, also as the reply to a command, and for a timeout of
/// a command that was never written: calls before it caused that.
[[nodiscard]] inline BreakerVerdict verdict(const Error& error) noexcept {
  if (error.code() == Errc::server_error && error.server_code() == "LOADING") return BreakerVerdict::nothing;
  if (error.code() == Errc::timeout && error.effect() == Effect::not_sent) return BreakerVerdict::nothing;
  return verdict(error.code());
}

}  // namespace redstart::inline v0
