// SPDX-License-Identifier: Apache-2.0
// plots.cpp: an overview of ratios, many callers, pipelines by depth, large values, and the decoder.
#include "plots.hpp"

#include "svg_chart.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace redstart::bench {

namespace {

const Row* find(const std::vector<Row>& rows, std::string_view id) {
  for (const Row& row : rows)
    if (row.spec.id == id) return &row;
  return nullptr;
}

BarChart ratios(const std::vector<Row>& rows) {
  BarChart chart{"Redstart compared with hiredis",
                 "Throughput in the same run, hiredis = 1 (dashed line); longer is better",
                 "times hiredis",
                 {"Redstart"},
                 {},
                 1.0,
                 "target"};
  for (const Row& row : rows) {
    if (!row.spec.metric.more_is_better) continue;
    const double target = row.spec.target ? row.spec.target->limit : 0;
    const std::string label = row.spec.what.substr(0, row.spec.what.find(" (hiredis"));
    chart.groups.push_back({label, {row.ratio}, target});
  }
  return chart;
}

BarChart both(const std::vector<Row>& rows, std::string title, std::string subtitle, std::string unit,
              const std::vector<std::pair<std::string, std::string>>& ids) {
  BarChart chart{std::move(title), std::move(subtitle), std::move(unit), {"hiredis", "Redstart"}, {}, 0, {}};
  for (const auto& [id, label] : ids)
    if (const Row* row = find(rows, id)) chart.groups.push_back({label, {row->hiredis, row->redstart}, 0});
  return chart;
}

LineChart pipelines(const std::vector<Row>& rows) {
  LineChart chart{"Pipelines by depth",
                  "16-byte keys, 32-byte values, one connection; higher is better",
                  "commands in a pipeline",
                  "thousand commands per second",
                  {{"Redstart GET", "#c4372c", false, {}},
                   {"Redstart SET", "#c4372c", true, {}},
                   {"hiredis GET", "#6e7781", false, {}},
                   {"hiredis SET", "#6e7781", true, {}}}};
  for (const int depth : {10, 100, 1000, 10000}) {
    const std::string end = "." + std::to_string(depth);
    if (const Row* row = find(rows, "W4.GET" + end)) {
      chart.lines[0].points.push_back({double(depth), row->redstart});
      chart.lines[2].points.push_back({double(depth), row->hiredis});
    }
    if (const Row* row = find(rows, "W4.SET" + end)) {
      chart.lines[1].points.push_back({double(depth), row->redstart});
      chart.lines[3].points.push_back({double(depth), row->hiredis});
    }
  }
  return chart;
}

LineChart callers(const std::vector<Row>& rows) {
  LineChart chart{
      "Many callers at once",
      "GET; threads share one client object (hiredis: a connection each), coroutines one connection",
      "callers",
      "thousand commands per second",
      {{"Redstart, coroutines", "#c4372c", false, {}},
       {"Redstart, threads", "#c4372c", true, {}},
       {"hiredis, callbacks", "#6e7781", false, {}},
       {"hiredis, threads", "#6e7781", true, {}}}};
  for (const int count : {2, 8, 12, 16, 24, 64, 256, 1024}) {
    if (const Row* row = find(rows, "W3.n" + std::to_string(count))) {
      chart.lines[0].points.push_back({double(count), row->redstart});
      chart.lines[2].points.push_back({double(count), row->hiredis});
    }
    if (const Row* row = find(rows, "W2.t" + std::to_string(count))) {
      chart.lines[1].points.push_back({double(count), row->redstart});
      chart.lines[3].points.push_back({double(count), row->hiredis});
    }
  }
  return chart;
}

}  // namespace

std::vector<std::string> write_plots(const std::string& folder, const std::vector<Row>& rows) {
  std::filesystem::create_directories(folder);
  std::vector<std::string> written;
  const auto write = [&](const std::string& name, const std::string& svg) {
    const std::string path = (std::filesystem::path(folder) / name).string();
    std::ofstream file(path);
    file << svg;
    if (!file.flush()) throw std::runtime_error("can't write " + path);
    written.push_back(path);
  };
  if (const BarChart chart = ratios(rows); !chart.groups.empty()) write("ratios.svg", to_svg(chart));
  if (const LineChart chart = pipelines(rows); !chart.lines[0].points.empty())
    write("pipelines.svg", to_svg(chart));
  if (const LineChart chart = callers(rows); !chart.lines[0].points.empty())
    write("callers.svg", to_svg(chart));
  const BarChart large = both(rows, "Large values", "One value at a time; longer is better", "MB/s",
                              {{"W5.SET.1MiB", "SET of 1 MiB"},
                               {"W5.GET.1MiB", "GET of 1 MiB"},
                               {"W5.SET.64MiB", "SET of 64 MiB"},
                               {"W5.GET.64MiB", "GET of 64 MiB"}});
  if (!large.groups.empty()) write("large_values.svg", to_svg(large));
  const BarChart decoder =
      both(rows, "Decoding replies",
           "From received bytes to string views (hiredis: to its objects); shorter is better", "ns a reply",
           {{"decoder.bulk", "bulk of 32 bytes"},
            {"decoder.array", "array of 10 bulks"},
            {"decoder.nested", "4 arrays of 10 bulks"}});
  if (!decoder.groups.empty()) write("decoder.svg", to_svg(decoder));
  return written;
}

}  // namespace redstart::bench
