// SPDX-License-Identifier: Apache-2.0
// text.hpp: numbers, times and bars as the tour prints them.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace tour {

// 1234567 as 1,234,567.
inline std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

inline std::string left(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}
inline std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

inline std::string fixed(double number, int decimals) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", decimals, number);
  return text;
}
inline std::string percent(double fraction, int decimals = 1) {
  return fixed(fraction * 100, decimals) + " %";
}

// Two or three digits and a unit.
inline std::string readable(std::chrono::nanoseconds time) {
  const double us = std::chrono::duration<double, std::micro>(time).count();
  if (us < 1000) return fixed(us, us < 10 ? 1 : 0) + " us";
  if (us < 1e6) return fixed(us / 1e3, us < 1e4 ? 1 : 0) + " ms";
  return fixed(us / 1e6, 1) + " s";
}

// `part` of `width` filled.
inline std::string bar(double part, std::size_t width) {
  const double filled = part < 0 ? 0 : part > 1 ? 1 : part;
  return std::string(static_cast<std::size_t>(filled * static_cast<double>(width) + 0.5), '#');
}

}  // namespace tour
