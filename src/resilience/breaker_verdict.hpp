// SPDX-License-Identifier: Apache-2.0
// breaker_verdict.hpp: what an error tells the circuit breaker about the database.
#pragma once

#include <redstart/core/errc.hpp>
#include <redstart/core/error.hpp>

namespace redstart::inline v0 {

/// The verdict on a code. `connection_lost` and `protocol_error` end a connection: they are one failure for
/// all that was in flight on it.
[[nodiscard]] constexpr BreakerVerdict verdict(Errc code) noexcept {
  const ErrcInfo* const row = errc_info(code);
  return row != nullptr ? row->breaker : BreakerVerdict::nothing;
}

/// The verdict on an error. LOADING tells nothing, also as an answer to a command; nor does a time-out of
/// what was never written, which the calls before it have to answer for.
[[nodiscard]] inline BreakerVerdict verdict(const Error& error) noexcept {
  if (error.code() == Errc::server_error && error.server_code() == "LOADING") return BreakerVerdict::nothing;
  if (error.code() == Errc::timeout && error.effect() == Effect::not_sent) return BreakerVerdict::nothing;
  return verdict(error.code());
}

}  // namespace redstart::inline v0
