// SPDX-License-Identifier: Apache-2.0
// value.cpp: numbers, durations, sizes and flags as text.
#include "value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace redstart::inline v0::detail {

namespace {

using Unit = std::pair<std::string_view, long long>;

constexpr Unit duration_units[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr Unit duration_names[] = {{"ms", 1},       {"s", 1000},      {"m", 60'000},
                                   {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit size_units[] = {{"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"", 1}};
constexpr Unit size_names[] = {{"b", 1}, {"kib", 1LL << 10}, {"mib", 1LL << 20}, {"gib", 1LL << 30}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `digits[.digits] [unit]` as a whole multiple of the smallest unit. Exact: no floating point.
template <class Units>
std::optional<long long> read_measure(std::string_view text, const Units& units, long long bare) {
  const auto number_end = static_cast<std::size_t>(
      std::find_if(text.begin(), text.end(), [](char c) { return !is_digit(c) && c != '.'; }) - text.begin());
  std::string_view whole = text.substr(0, number_end);
  std::string_view unit = text.substr(number_end);
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  long long scale = bare;
  if (!unit.empty()) {
    const std::string name = lower_case(unit);
    const auto* const found = std::find_if(std::begin(units), std::end(units),
                                           [&](const Unit& each) { return each.first == name; });
    if (found == std::end(units)) return std::nullopt;
    scale = found->second;
  }
  std::string_view fraction;
  if (const auto point = whole.find('.'); point != std::string_view::npos) {
    fraction = whole.substr(point + 1);
    whole = whole.substr(0, point);
    if (fraction.empty()) return std::nullopt;
  }
  const auto count = read_integer(whole);
  if (!count || whole.front() == '+') return std::nullopt;
  if (*count > std::numeric_limits<long long>::max() / scale) return std::nullopt;
  long long total = *count * scale;
  // fraction = numerator / denominator
  long long numerator = 0;
  long long denominator = 1;
  if (fraction.size() > 9) return std::nullopt;
  for (const char c : fraction) {
    if (!is_digit(c)) return std::nullopt;
    numerator = numerator * 10 + (c - '0');
    denominator *= 10;
  }
  // At most 10^9 times a day or a GiB: below 2^60.
  if (numerator * scale % denominator != 0) return std::nullopt;
  const long long part = numerator * scale / denominator;
  if (total > std::numeric_limits<long long>::max() - part) return std::nullopt;
  return total + part;
}

template <class Units>
std::string show_measure(long long value, const Units& units) {
  for (const auto& [name, scale] : units) {
    if (value % scale == 0) return std::to_string(value / scale) + std::string(name);
  }
  return std::to_string(value);
}

}  // namespace

std::optional<long long> read_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('+') || text.empty()) return std::nullopt;
  long long value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<double> read_real(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<bool> read_flag(std::string_view text) {
  const std::string word = lower_case(text);
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> read_duration(std::string_view text) {
  const auto count = read_measure(text, duration_names, 1000);
  if (!count) return std::nullopt;
  return std::chrono::milliseconds(*count);
}

std::optional<long long> read_size(std::string_view text) { return read_measure(text, size_names, 1); }

std::string show_duration(std::chrono::milliseconds time) {
  if (time.count() == 0) return "0s";
  return show_measure(time.count(), duration_units);
}

std::string show_size(unsigned long long bytes) {
  if (bytes == 0 || bytes > static_cast<unsigned long long>(std::numeric_limits<long long>::max()))
    return std::to_string(bytes);
  return show_measure(static_cast<long long>(bytes), size_units);
}

std::string show_real(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::string(text.data(), end) : std::string();
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool has_no_control(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool is_visible(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace redstart::inline v0::detail
