// SPDX-License-Identifier: Apache-2.0
// number.hpp: validates and converts the numbers of RESP.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>

namespace redstart::inline v0::resp::detail {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The lower-case form of an ASCII letter.
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Validates the text of a double one byte at a time. Accepts, in any case,
///
/// * [sign] (digits [. digits] | . digits) [e [sign] digits],
/// * [sign] inf,
/// * [sign] nan [( letters, digits and _ )],
///
/// because servers print whatever their C library prints. Stricter than strtod: no hexadecimal, no blanks, no
/// "infinity".
class RealFsm {
 public:
  /// Whether `c` may follow the bytes fed so far.
  constexpr bool feed(char c) noexcept {
    switch (state_) {
      case State::start:
        if (c == '+' || c == '-') return go(State::sign);
        [[fallthrough]];
      case State::sign:
        if (is_digit(c)) return go(State::integral);
        if (c == '.') return go(State::point);
        if (lower(c) == 'i') return go(State::i);
        return lower(c) == 'n' && go(State::n);
      case State::integral:
        if (is_digit(c)) return true;
        if (c == '.') return go(State::fraction);
        return c == 'e' || c == 'E' ? go(State::e) : false;
      case State::point: return is_digit(c) && go(State::fraction);
      case State::fraction:
        if (is_digit(c)) return true;
        return c == 'e' || c == 'E' ? go(State::e) : false;
      case State::e:
        if (c == '+' || c == '-') return go(State::exponent_sign);
        [[fallthrough]];
      case State::exponent_sign: return is_digit(c) && go(State::exponent);
      case State::exponent: return is_digit(c);
      case State::i: return lower(c) == 'n' && go(State::in);
      case State::in: return lower(c) == 'f' && go(State::word);
      case State::n: return lower(c) == 'a' && go(State::na);
      case State::na: return lower(c) == 'n' && go(State::nan);
      case State::nan: return c == '(' && go(State::payload);
      case State::payload:
        if (c == ')') return go(State::word);
        return is_digit(c) || c == '_' || (lower(c) >= 'a' && lower(c) <= 'z');
      case State::word: return false;
    }
    return false;
  }

  /// Whether the text may end here.
  constexpr bool accepts() const noexcept {
    return state_ == State::integral || state_ == State::fraction || state_ == State::exponent ||
           state_ == State::nan || state_ == State::word;
  }

 private:
  enum class State : std::uint8_t {
    start,
    sign,
    integral,
    point,
    fraction,
    e,
    exponent_sign,
    exponent,
    i,
    in,
    n,
    na,
    nan,
    payload,  // of a NaN
    word
  };
  constexpr bool go(State next) noexcept {
    state_ = next;
    return true;
  }
  State state_ = State::start;
};

/// The power of ten of the first significant digit of a well-formed finite number (0 for "5", -1 for "0.5"),
/// clamped to ±1,000,000; the lowest value for zero. Distinguishes overflow from underflow, which from_chars
/// doesn't.
constexpr int decimal_magnitude(std::string_view text) noexcept {
  constexpr int bound = 1'000'000;
  int before_point = 0;
  int zeros_after_point = 0;
  bool point = false;
  bool significant = false;
  std::size_t at = 0;
  for (; at != text.size(); ++at) {
    const char c = text[at];
    if (c == 'e' || c == 'E') break;
    if (c == '.') {
      point = true;
    } else if (is_digit(c)) {
      if (c != '0') significant = true;
      if (significant && !point && before_point < bound) ++before_point;
      if (!significant && point && zeros_after_point < bound) ++zeros_after_point;
    }
  }
  if (!significant) return (std::numeric_limits<int>::min)();
  int exponent = 0;
  bool negative = false;
  for (++at; at < text.size(); ++at) {
    if (text[at] == '-') negative = true;
    if (is_digit(text[at]) && exponent < 4 * bound) exponent = exponent * 10 + (text[at] - '0');
  }
  return (before_point > 0 ? before_point - 1 : -zeros_after_point - 1) + (negative ? -exponent : exponent);
}

/// Converts the text of a double that RealFsm accepts. Returns false if its magnitude exceeds the range of
/// the type. A value too small becomes zero.
template <std::floating_point T>
bool convert_real(std::string_view text, T& out) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '+' || negative)) text.remove_prefix(1);
  const char first = text.empty() ? '\0' : lower(text.front());
  if (first == 'n') {
    out = std::numeric_limits<T>::quiet_NaN();
    return true;
  }
  if (first == 'i') {
    out = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    return true;
  }
  T value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    if (decimal_magnitude(text) > 0) return false;
    value = T{};
  }
  out = negative ? -value : value;
  return true;
}

/// Converts a whole text to a double. Returns false unless it is one and in range.
template <std::floating_point T>
bool parse_real(std::string_view text, T& out) noexcept {
  RealFsm fsm;
  for (const char c : text) {
    if (!fsm.feed(c)) return false;
  }
  return fsm.accepts() && convert_real(text, out);
}

/// Converts a whole text to an integer: optional sign, then digits. Returns false unless it is one and in
/// range of T.
template <std::integral T>
bool parse_integer(std::string_view text, T& out) noexcept {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front())) return false;
  }
  if constexpr (std::unsigned_integral<T>) {
    if (text == "-0") text.remove_prefix(1);
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

}  // namespace redstart::inline v0::resp::detail
