// SPDX-License-Identifier: Apache-2.0
// accept.hpp: finds names in the headers and queries of requests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace redstart::inline v0::http {

/// True if the header `Accept` names this media type with a weight other than 0. `type` is in lower case.
[[nodiscard]] inline bool accepts(std::string_view header, std::string_view type) noexcept {
  const auto trimmed = [](std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  };
  const auto equal = [](std::string_view text, std::string_view name) {
    return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  };
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    std::string_view range = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t parameters = std::min(range.find(';'), range.size());
    if (!equal(trimmed(range.substr(0, parameters)), type)) continue;
    const std::size_t weight = range.find("q=", parameters);
    if (weight == std::string_view::npos) return true;
    const std::string_view digits = trimmed(range.substr(weight + 2));
    return digits.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

/// True if a query has this name, with or without a value: `verbose`, `a=1&verbose=1`.
[[nodiscard]] inline bool has_option(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.substr(0, part.find('=')) == name) return true;
  }
  return false;
}

}  // namespace redstart::inline v0::http
