// SPDX-License-Identifier: Apache-2.0
// metrics_format.cpp: chooses a format by the header Accept.
#include <redstart/observe/stats_text.hpp>

#include <algorithm>
#include <cstddef>

namespace redstart::inline v0 {

namespace {

constexpr char lower_case(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool names(std::string_view text, std::string_view name) noexcept {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                    [](char a, char b) { return lower_case(a) == b; });
}

// Takes the text up to `separator`, or all of it, from the front.
std::string_view take(std::string_view& text, char separator) noexcept {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// A weight in thousandths: `0.8` is 800. Anything that is no weight counts as 0.
int weight_of(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int weight = text[0] == '1' ? 1000 : 0;
  int unit = 100;
  for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return 0;
    weight += (digit - '0') * unit;
    unit /= 10;
  }
  return std::min(weight, 1000);
}

struct MediaRange {
  std::string_view type{};
  int weight = 1000;
  bool version_fits = true;
};

MediaRange range_of(std::string_view text) noexcept {
  MediaRange range;
  range.type = take(text, ';');
  while (!text.empty()) {
    std::string_view value = take(text, ';');
    const std::string_view name = take(value, '=');
    value = trimmed(value);
    if (value.size() > 1 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (names(name, "q")) range.weight = weight_of(value);
    if (names(name, "version")) range.version_fits = value == "1.0.0" || value == "1.0";
  }
  return range;
}

}  // namespace

MetricsFormat metrics_format(std::string_view accept) noexcept {
  int open_metrics = 0;
  int plain = 0;
  while (!accept.empty()) {
    const MediaRange range = range_of(take(accept, ','));
    if (names(range.type, "application/openmetrics-text") && range.version_fits)
      open_metrics = std::max(open_metrics, range.weight);
    if (names(range.type, "text/plain")) plain = std::max(plain, range.weight);
  }
  return open_metrics > 0 && open_metrics >= plain ? MetricsFormat::open_metrics : MetricsFormat::prometheus;
}

std::string_view content_type(MetricsFormat format) noexcept {
  return format == MetricsFormat::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                               : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace redstart::inline v0
