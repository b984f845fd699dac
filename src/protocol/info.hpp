// SPDX-License-Identifier: Apache-2.0
// info.hpp: reads fields of the reply to INFO.
#pragma once

#include <redstart/core/peer_text.hpp>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace redstart::inline v0::protocol {

/// The value of the line `name:value`; empty if there is no such line, or no value.
[[nodiscard]] constexpr std::string_view info_field(std::string_view info, std::string_view name) noexcept {
  while (!info.empty()) {
    const std::size_t end = info.find('\n');
    std::string_view line = info.substr(0, end);
    info = end == std::string_view::npos ? std::string_view() : info.substr(end + 1);
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ':') continue;
    line.remove_prefix(name.size() + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  return {};
}

/// The largest part, in bytes, of a text or number of a server that messages show.
inline constexpr std::size_t longest_fact = 64;

/// The value as messages and reports show it.
[[nodiscard]] inline std::string info_text(std::string_view info, std::string_view name) {
  return peer_text(info_field(info, name), {.most = longest_fact});
}

/// The value as a number; empty if it is none, or does not fit.
template <class Number>
[[nodiscard]] std::optional<Number> info_number(std::string_view info, std::string_view name) noexcept {
  const std::string_view text = info_field(info, name);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace redstart::inline v0::protocol
