// SPDX-License-Identifier: Apache-2.0
// not_ready.hpp: why a server that replies can't serve yet.
#pragma once

#include "info.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::protocol {

/// Why a server can't serve yet, and the progress that it reports.
struct NotReady {
  enum class Why : std::uint8_t {
    loading,      ///< It is loading its data set.
    busy,         ///< A script or function exceeds its time limit.
    master_down,  ///< A replica has lost its master and must not serve stale data.
  };

  Why why = Why::loading;
  std::optional<std::chrono::seconds> left{};  ///< Until the data set is loaded, as the server estimates.
  std::optional<int> percent{};                ///< The part that is loaded, 0 … 100.
};

/// The reason as one word, for logs.
[[nodiscard]] constexpr std::string_view to_string(NotReady::Why why) noexcept {
  switch (why) {
    case NotReady::Why::loading: return "loading";
    case NotReady::Why::busy: return "busy";
    case NotReady::Why::master_down: return "master_down";
  }
  return "unknown";
}

/// The reason for an error word; empty if the word does not mean "later".
[[nodiscard]] constexpr std::optional<NotReady::Why> why_not_ready(std::string_view word) noexcept {
  if (word == "LOADING") return NotReady::Why::loading;
  if (word == "BUSY") return NotReady::Why::busy;
  if (word == "MASTERDOWN") return NotReady::Why::master_down;
  return std::nullopt;
}

/// Reads the progress of loading from `INFO persistence`. Missing or invalid values stay empty.
[[nodiscard]] inline NotReady read_loading(std::string_view info) noexcept {
  constexpr std::int64_t longest = 365LL * 24 * 3600;
  NotReady state;
  if (const auto left = info_number<std::int64_t>(info, "loading_eta_seconds");
      left && *left >= 0 && *left <= longest)
    state.left = std::chrono::seconds(*left);
  // 12.34; the fraction does not matter.
  const std::string_view percent = info_field(info, "loading_loaded_perc");
  int whole = -1;
  for (const char c : percent.substr(0, percent.find('.'))) {
    if (c < '0' || c > '9' || whole > 100) return state;
    whole = (whole < 0 ? 0 : whole * 10) + (c - '0');
  }
  if (whole >= 0 && whole <= 100) state.percent = whole;
  return state;
}

/// Describes it: "the server is still loading its data set (37 % done, about 12 s left)".
[[nodiscard]] inline std::string describe(const NotReady& state) {
  switch (state.why) {
    case NotReady::Why::busy: return "the server is busy running a script or function";
    case NotReady::Why::master_down:
      return "the server is a replica that has lost its master, and may not serve old data";
    case NotReady::Why::loading: break;
  }
  std::string text = "the server is still loading its data set";
  if (!state.left && !state.percent) return text;
  text += " (";
  if (state.percent) text += std::to_string(*state.percent) + " % done";
  if (state.percent && state.left) text += ", ";
  if (state.left) text += "about " + std::to_string(state.left->count()) + " s left";
  return text + ")";
}

}  // namespace redstart::inline v0::protocol
