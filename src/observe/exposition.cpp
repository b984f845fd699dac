// SPDX-License-Identifier: Apache-2.0
// exposition.cpp: escaping, numbers and headings of a Prometheus page.
#include "exposition.hpp"

#include <redstart/core/utf8.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

namespace redstart::inline v0 {

namespace {

// Prometheus takes a NUL for the end of the page, and readers show other control characters differently.
void append_escaped(std::string& out, std::string_view value) {
  for (const char c : detail::as_utf8(value)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\')
      out += "\\\\";
    else if (c == '"')
      out += "\\\"";
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7F)
      out += "\xEF\xBF\xBD";
    else
      out += c;
  }
}

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

std::string_view type_name(MetricType type, MetricsFormat format) noexcept {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
    case MetricType::info: return format == MetricsFormat::open_metrics ? "info" : "gauge";
  }
  return "unknown";
}

// OpenMetrics names a family without the suffix that its samples have.
std::string_view family_name(std::string_view name, MetricType type, MetricsFormat format) noexcept {
  if (format != MetricsFormat::open_metrics) return name;
  const std::string_view suffix = type == MetricType::counter ? "_total"
                                  : type == MetricType::info  ? "_info"
                                                              : "";
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  return name;
}

// In seconds, with a point: OpenMetrics wants `1.0`.
std::string bound_text(std::chrono::nanoseconds bound) {
  const std::int64_t microseconds = bound / std::chrono::microseconds(1);
  std::string digits = std::to_string(1'000'000 + microseconds % 1'000'000).substr(1);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return std::to_string(microseconds / 1'000'000) + "." + digits;
}

}  // namespace

void Exposition::add(const Metric& metric) {
  if (family_ != metric.name) write_heading(metric);
  if (metric.durations != nullptr) return write_histogram(metric);
  std::visit([&](auto value) { write_sample(metric, {}, {}, value); }, metric.value);
}

void Exposition::write_heading(const Metric& metric) {
  family_ = metric.name;
  const std::string_view name = family_name(metric.name, metric.type, format_);
  page_ += "# HELP ";
  page_ += name;
  page_ += ' ';
  page_ += metric.meaning;
  page_ += "\n# TYPE ";
  page_ += name;
  page_ += ' ';
  page_ += type_name(metric.type, format_);
  page_ += '\n';
}

void Exposition::write_histogram(const Metric& metric) {
  const DurationHistogram& durations = *metric.durations;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i != durations.buckets.size(); ++i) {
    below += durations.buckets[i];
    const bool last = i == DurationHistogram::bounds.size();
    write_sample(metric, "_bucket", last ? "+Inf" : bound_text(DurationHistogram::bounds[i]), below);
  }
  write_sample(metric, "_sum", {}, std::chrono::duration<double>(durations.sum).count());
  write_sample(metric, "_count", {}, below);
}

template <class Number>
void Exposition::write_sample(const Metric& metric, std::string_view suffix, std::string_view bound,
                              Number value) {
  page_ += metric.name;
  page_ += suffix;
  char separator = '{';
  const auto write_label = [&](std::string_view name, std::string_view text) {
    page_ += std::exchange(separator, ',');
    page_ += name;
    page_ += "=\"";
    append_escaped(page_, text);
    page_ += '"';
  };
  for (const MetricLabel& label : metric.labels) write_label(label.name, label.value);
  if (!bound.empty()) write_label("le", bound);
  page_ += separator == ',' ? "} " : " ";
  append_number(page_, value);
  page_ += '\n';
}

std::string Exposition::finish() && {
  if (format_ == MetricsFormat::open_metrics) page_ += "# EOF\n";
  return std::move(page_);
}

std::string to_prometheus(const ManagerStats& stats, MetricsFormat format) {
  Exposition page(format);
  export_metrics(stats, page);
  return std::move(page).finish();
}

}  // namespace redstart::inline v0
