// SPDX-License-Identifier: Apache-2.0
// svg_chart.hpp: bar and line charts as SVG files, without any library.
#pragma once

#include <string>
#include <vector>

namespace redstart::bench {

/// Horizontal bars, in groups: one group for each label, one bar for each series.
struct BarChart {
  struct Group {
    std::string label{};
    std::vector<double> values{};  ///< One for each series.
    double target = 0;             ///< A mark on the last bar; 0: none.
  };
  std::string title{};
  std::string subtitle{};
  std::string unit{};
  std::vector<std::string> series{};
  std::vector<Group> groups{};
  double reference = 0;  ///< A line across all groups; 0: none.
  std::string target_label{};
};
[[nodiscard]] std::string to_svg(const BarChart& chart);

/// Lines over a logarithmic x axis.
struct LineChart {
  struct Point {
    double x = 0;
    double y = 0;
  };
  struct Line {
    std::string label{};
    std::string color{};
    bool dashed = false;
    std::vector<Point> points{};
  };
  std::string title{};
  std::string subtitle{};
  std::string x_label{};
  std::string y_label{};
  std::vector<Line> lines{};
};
[[nodiscard]] std::string to_svg(const LineChart& chart);

}  // namespace redstart::bench
