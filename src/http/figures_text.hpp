// SPDX-License-Identifier: Apache-2.0
// figures_text.hpp: writes figures for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace redstart::inline v0::http {

/// `12,345`.
[[nodiscard]] std::string count_text(std::uint64_t count);
/// `0.26 ms`, `12 ms`, `1.5 s`: two or more digits.
[[nodiscard]] std::string latency_text(std::chrono::nanoseconds time);
/// `45 s`, `3 min 20 s`, `5 h 2 min`, `12 d 3 h`.
[[nodiscard]] std::string age_text(std::chrono::nanoseconds time);
/// `0.4`, `37`, `1,250`.
[[nodiscard]] std::string rate_text(double per_second);
/// `99.98 %`, never rounded up to 100 %. `share`: 0 to 1.
[[nodiscard]] std::string share_text(double share);
/// `2026-12-01T01:02:03Z`.
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace redstart::inline v0::http
