// SPDX-License-Identifier: Apache-2.0
// outcome.hpp: outcomes of operations, as the checker counts them.
#pragma once

#include <redstart/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::soak {

enum class Outcome : std::uint8_t {
  pending,  ///< Issued, not completed.
  ok,
  server_error,
  not_sent,
  indeterminate,
};
inline constexpr std::size_t outcomes = 5;

[[nodiscard]] constexpr std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::pending: return "pending";
    case Outcome::ok: return "ok";
    case Outcome::server_error: return "server_error";
    case Outcome::not_sent: return "not_sent";
    case Outcome::indeterminate: return "indeterminate";
  }
  return "unknown";
}

/// The outcome that an error claims. An error without an effect claims nothing: `pending`, which no completed
/// operation may have.
[[nodiscard]] constexpr Outcome outcome_of(Effect effect) noexcept {
  switch (effect) {
    case Effect::none: return Outcome::pending;
    case Effect::server_error: return Outcome::server_error;
    case Effect::not_sent: return Outcome::not_sent;
    case Effect::indeterminate: return Outcome::indeterminate;
  }
  return Outcome::pending;
}

}  // namespace redstart::soak
