// SPDX-License-Identifier: Apache-2.0
// value.hpp: reads and shows the values of settings as text.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::detail {

/// A fault of one value, and what would be right. Holds no part of the value, which may be a misplaced
/// secret.
struct ValueFault {
  std::string what{};
  std::string remedy{};
};

/// A whole number in decimal digits, with an optional sign. Empty: not a number, or beyond 64 bits.
[[nodiscard]] std::optional<long long> read_integer(std::string_view text);
/// A decimal number; neither infinite nor NaN.
[[nodiscard]] std::optional<double> read_real(std::string_view text);
/// `true yes on 1` or `false no off 0`, in any case.
[[nodiscard]] std::optional<bool> read_flag(std::string_view text);
/// A number with one of the units `ms s m min h d`; without a unit: seconds. Empty also if it is no whole
/// number of milliseconds, or beyond 64 bits.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_duration(std::string_view text);
/// A number of bytes, with one of the units `B KiB MiB GiB` or none.
[[nodiscard]] std::optional<long long> read_size(std::string_view text);

/// `500ms`, `5s`, `2m`, `1h`: in the largest unit that has no fraction.
[[nodiscard]] std::string show_duration(std::chrono::milliseconds time);
/// `1024`, `64KiB`, `1GiB`: in the largest unit that has no fraction.
[[nodiscard]] std::string show_size(unsigned long long bytes);
/// The shortest text that reads back as `value`.
[[nodiscard]] std::string show_real(double value);

/// ASCII letters in lower or upper case; all other bytes unchanged.
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string upper_case(std::string_view text);

/// False for characters that break lines, move a terminal's cursor or end a C string.
[[nodiscard]] bool has_no_control(std::string_view text) noexcept;
/// True if all characters are visible ASCII: no blanks.
[[nodiscard]] bool is_visible(std::string_view text) noexcept;

}  // namespace redstart::inline v0::detail
