// SPDX-License-Identifier: Apache-2.0
// svg_chart.cpp: draws the charts.
#include "svg_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <sstream>

namespace redstart::bench {

namespace {

constexpr std::array<const char*, 2> bar_colors{"#9aa3ad", "#c4372c"};
constexpr const char* ink = "#24292f";
constexpr const char* faint = "#6e7781";
constexpr const char* grid = "#e3e6ea";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string number(double value) {
  std::ostringstream text;
  const double size = std::fabs(value);
  if (size >= 10000) {
    const auto thousands = static_cast<long long>(std::llround(value));
    text << thousands / 1000 << ',' << std::setw(3) << std::setfill('0') << thousands % 1000;
  } else {
    text << std::fixed << std::setprecision(size >= 100 ? 0 : size >= 10 ? 1 : 2) << value;
  }
  return text.str();
}

// Tick labels: round numbers, so no trailing zeros.
std::string tick_text(double value) {
  std::ostringstream text;
  text << std::setprecision(6) << value;
  return text.str();
}

// A step of 1, 2 or 5 times a power of ten, so that about `count` of them make `range`.
double nice_step(double range, int count) {
  const double rough = range / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power) return factor * power;
  return 10 * power;
}

class Canvas {
 public:
  Canvas(double width, double height) {
    out_ << std::fixed << std::setprecision(1) << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""
         << width << "\" height=\"" << height << "\" viewBox=\"0 0 " << width << ' ' << height
         << "\" font-family=\"Helvetica, Arial, DejaVu Sans, sans-serif\">\n";
    rect(0, 0, width, height, "#ffffff");
  }
  void rect(double x, double y, double width, double height, const char* fill) {
    out_ << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << width << "\" height=\"" << height
         << "\" fill=\"" << fill << "\"/>\n";
  }
  void line(double x1, double y1, double x2, double y2, const std::string& color, double width,
            bool dashed = false) {
    out_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2 << "\" stroke=\""
         << color << "\" stroke-width=\"" << width << '"' << (dashed ? " stroke-dasharray=\"5 4\"" : "")
         << "/>\n";
  }
  void circle(double x, double y, const std::string& color) {
    out_ << "<circle cx=\"" << x << "\" cy=\"" << y << "\" r=\"3.5\" fill=\"" << color << "\"/>\n";
  }
  void text(double x, double y, const std::string& words, int size, const std::string& color = ink,
            const char* anchor = "start", bool bold = false) {
    out_ << "<text x=\"" << x << "\" y=\"" << y << "\" font-size=\"" << size << "\" fill=\"" << color
         << "\" text-anchor=\"" << anchor << '"' << (bold ? " font-weight=\"bold\"" : "") << '>'
         << escaped(words) << "</text>\n";
  }
  [[nodiscard]] std::string finish() {
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  std::ostringstream out_;
};

}  // namespace

std::string to_svg(const BarChart& chart) {
  constexpr double width = 860;
  constexpr double left = 290;
  constexpr double right = 90;
  constexpr double top = 86;
  constexpr double bar = 15;
  constexpr double gap = 13;
  const double group = bar * static_cast<double>(chart.series.size()) + gap;
  const double bottom = top + group * static_cast<double>(chart.groups.size());
  Canvas canvas(width, bottom + 40);
  canvas.text(16, 28, chart.title, 17, ink, "start", true);
  canvas.text(16, 48, chart.subtitle, 12, faint);

  double most = chart.reference;
  for (const auto& each : chart.groups) {
    most = std::max(most, each.target);
    for (const double value : each.values) most = std::max(most, value);
  }
  const auto x = [&](double value) { return left + value / most * (width - left - right); };
  const double step = nice_step(most, 6);
  for (double at = 0; at <= most * 1.0001; at += step) {
    canvas.line(x(at), top - 4, x(at), bottom, grid, 1);
    canvas.text(x(at), bottom + 16, tick_text(at), 11, faint, "middle");
  }
  canvas.text(width - 16, bottom + 32, chart.unit, 11, faint, "end");

  double legend = 16;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const char* const color = bar_colors[chart.series.size() == 1 ? 1 : i % bar_colors.size()];
    canvas.rect(legend, 58, 12, 12, color);
    canvas.text(legend + 18, 68, chart.series[i], 12);
    legend += 40 + 7.0 * static_cast<double>(chart.series[i].size());
  }
  if (!chart.target_label.empty()) {
    canvas.line(legend + 6, 56, legend + 6, 72, ink, 2.5);
    canvas.text(legend + 14, 68, chart.target_label, 12);
  }

  for (std::size_t g = 0; g < chart.groups.size(); ++g) {
    const auto& each = chart.groups[g];
    const double y = top + group * static_cast<double>(g) + gap / 2;
    const double bars = bar * static_cast<double>(each.values.size());
    canvas.text(left - 10, y + bars / 2 + 4, each.label, 12, ink, "end");
    for (std::size_t i = 0; i < each.values.size(); ++i) {
      const double at = y + bar * static_cast<double>(i);
      const char* const color = bar_colors[chart.series.size() == 1 ? 1 : i % bar_colors.size()];
      canvas.rect(left, at + 1, x(each.values[i]) - left, bar - 2, color);
      const double mark = i + 1 == each.values.size() ? each.target : 0;
      if (mark > 0) canvas.line(x(mark), at - 2, x(mark), at + bar + 2, ink, 2.5);
      canvas.text(std::max(x(each.values[i]), x(mark)) + 6, at + bar - 3.5, number(each.values[i]), 11);
    }
  }
  if (chart.reference > 0) canvas.line(x(chart.reference), top - 4, x(chart.reference), bottom, ink, 1, true);
  canvas.line(left, top - 4, left, bottom, ink, 1);
  return canvas.finish();
}

std::string to_svg(const LineChart& chart) {
  constexpr double width = 860;
  constexpr double height = 420;
  constexpr double left = 70;
  constexpr double right = 190;
  constexpr double top = 76;
  constexpr double bottom = height - 56;
  Canvas canvas(width, height);
  canvas.text(16, 28, chart.title, 17, ink, "start", true);
  canvas.text(16, 48, chart.subtitle, 12, faint);
  canvas.text(left - 54, top - 8, chart.y_label, 11, faint);
  canvas.text((left + width - right) / 2, height - 14, chart.x_label, 12, faint, "middle");

  double most = 0;
  std::vector<double> places;
  for (const auto& line : chart.lines) {
    for (const auto& point : line.points) {
      most = std::max(most, point.y);
      places.push_back(point.x);
    }
  }
  if (places.empty()) return canvas.finish();
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  const double from = std::log10(places.front());
  const double range = places.size() > 1 ? std::log10(places.back()) - from : 1;
  const auto x = [&](double value) {
    return left + 12 + (std::log10(value) - from) / range * (width - left - right - 12);
  };
  const auto y = [&](double value) { return bottom - value / most * (bottom - top); };
  const double step = nice_step(most, 6);
  for (double at = 0; at <= most * 1.0001; at += step) {
    canvas.line(left, y(at), width - right, y(at), grid, 1);
    canvas.text(left - 8, y(at) + 4, tick_text(at), 11, faint, "end");
  }
  for (const double place : places) {
    canvas.line(x(place), bottom, x(place), bottom + 5, ink, 1);
    canvas.text(x(place), bottom + 20, tick_text(place), 11, faint, "middle");
  }
  canvas.line(left, bottom, width - right, bottom, ink, 1);

  // Labels stand beside the lines' ends, pushed apart where those lie close together.
  std::vector<const LineChart::Line*> ordered;
  for (const auto& line : chart.lines)
    if (!line.points.empty()) ordered.push_back(&line);
  std::sort(ordered.begin(), ordered.end(),
            [](const auto* a, const auto* b) { return a->points.back().y > b->points.back().y; });
  double free = top;
  for (const auto* line : ordered) {
    for (std::size_t i = 0; i < line->points.size(); ++i) {
      const auto& point = line->points[i];
      if (i != 0) {
        const auto& before = line->points[i - 1];
        canvas.line(x(before.x), y(before.y), x(point.x), y(point.y), line->color, 2.2, line->dashed);
      }
      canvas.circle(x(point.x), y(point.y), line->color);
    }
    const double at = std::max(y(line->points.back().y) + 4, free);
    canvas.text(width - right + 12, at, line->label, 12, line->color, "start", true);
    free = at + 17;
  }
  return canvas.finish();
}

}  // namespace redstart::bench
