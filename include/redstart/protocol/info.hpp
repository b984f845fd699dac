// SPDX-License-Identifier: Apache-2.0
// info.hpp: reads single fields out of what INFO answers.
#pragma once

#include <redstart/core/peer_text.hpp>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace redstart::protocol {

/// The value of the line `name:value`; empty when there is no such line, or no value.
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

/// The same as messages and reports show it.
[[nodiscard]] inline std::string info_text(std::string_view info, std::string_view name) {
  constexpr std::size_t longest = 64;
  return peer_text(info_field(info, name), {.most = longest});
}

/// The same as a number; empty when it is none, or does not fit.
template <class Number>
[[nodiscard]] std::optional<Number> info_number(std::string_view info, std::string_view name) noexcept {
  const std::string_view text = info_field(info, name);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace redstart::protocol
