// SPDX-License-Identifier: Apache-2.0
// report.cpp: medians, ratios and tables.
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace redstart::bench {

namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// About three significant digits.
std::string number(double value) {
  const double size = std::fabs(value);
  std::ostringstream text;
  text << std::fixed << std::setprecision(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.095 ? 2 : 3) << value;
  return text.str();
}

std::string with_unit(double value, const std::string& unit) {
  return unit.empty() ? number(value) : number(value) + " " + unit;
}

std::string ratio_text(double ratio) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << ratio << " ×";
  return text.str();
}

// The ratio where more is better. For memory or time the figures are sufficient.
std::string ratio_text(const Row& row) {
  return row.spec.metric.more_is_better ? ratio_text(row.ratio) : std::string();
}

std::string target_text(const RowSpec& spec) {
  if (!spec.target) return {};
  return spec.target->kind == Target::Kind::ratio ? "≥ " + ratio_text(spec.target->limit)
                                                  : "≤ " + with_unit(spec.target->limit, spec.metric.unit);
}

std::string mark(const Row& row) {
  const auto met = row.met();
  return !met ? "" : *met ? "✓" : "short";
}

// Left-aligned in `width` columns; every character used here takes one column.
std::string padded(const std::string& text, std::size_t width) {
  const auto columns = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  return text + std::string(columns < width ? width - columns : 1, ' ');
}

std::string markdown_table(const std::vector<Row>& rows, const RunInfo& info) {
  std::ostringstream out;
  out << info.date << ", " << info.processors << " processors, Linux " << info.kernel << ", Redis "
      << info.redis << ", " << info.compiler << "; medians of " << info.rounds << " rounds of "
      << number(info.duration) << " s for each row and client.\n\n"
      << "| workload | hiredis | Redstart | ratio | target | |\n|---|---:|---:|---:|---:|---|\n";
  for (const Row& row : rows) {
    const std::string& unit = row.spec.metric.unit;
    out << "| " << row.spec.what << " | " << with_unit(row.hiredis, unit) << " | "
        << with_unit(row.redstart, unit) << " | " << ratio_text(row) << " | " << target_text(row.spec)
        << " | " << mark(row) << " |\n";
  }
  return out.str();
}

nlohmann::ordered_json as_json(const Sample& sample) {
  return {{"ops_per_second", sample.ops_per_second},
          {"p50_us", sample.p50_us},
          {"p99_us", sample.p99_us},
          {"cpu_us", sample.cpu_us()},
          {"megabytes_per_second", sample.megabytes_per_second},
          {"peak_megabytes", sample.peak_megabytes},
          {"context_switches", sample.switches},
          {"value", sample.value}};
}

}  // namespace

std::optional<bool> Row::met() const {
  if (!spec.target) return std::nullopt;
  return spec.target->kind == Target::Kind::ratio ? ratio >= spec.target->limit
                                                  : redstart <= spec.target->limit;
}

std::vector<Row> make_rows(const std::vector<Results>& results) {
  std::vector<Row> rows;
  for (const Results& each : results) {
    for (const RowSpec& spec : each.benchmark->rows) {
      std::vector<double> hiredis;
      std::vector<double> redstart;
      std::vector<double> ratios;
      for (std::size_t i = 0; i < each.redstart.size(); ++i) {
        hiredis.push_back(spec.metric.read(each.hiredis[i]));
        redstart.push_back(spec.metric.read(each.redstart[i]));
        ratios.push_back(redstart.back() / hiredis.back());
      }
      rows.push_back({spec, median(hiredis), median(redstart), median(ratios)});
    }
  }
  return rows;
}

void write_text(std::ostream& out, const std::vector<Row>& rows) {
  constexpr std::size_t what = 58;
  constexpr std::size_t column = 13;
  out << padded("", what) << padded("hiredis", column) << padded("Redstart", column) << padded("ratio", 9)
      << "target\n";
  for (const Row& row : rows) {
    const std::string& unit = row.spec.metric.unit;
    out << padded(row.spec.what.starts_with("…") ? "  " + row.spec.what : row.spec.what, what)
        << padded(with_unit(row.hiredis, unit), column) << padded(with_unit(row.redstart, unit), column)
        << padded(ratio_text(row), 9) << padded(target_text(row.spec), 11) << mark(row) << '\n';
  }
}

void write_markdown(const std::string& path, const std::vector<Row>& rows, const RunInfo& info) {
  constexpr std::string_view begin = "<!-- last run: begin -->\n";
  constexpr std::string_view end = "<!-- last run: end -->";
  std::ostringstream existing;
  existing << std::ifstream(path).rdbuf();
  std::string document = existing.str();
  const std::string table = markdown_table(rows, info);
  const std::size_t from = document.find(begin);
  const std::size_t to = document.find(end);
  if (from != std::string::npos && to != std::string::npos && from < to)
    document.replace(from + begin.size(), to - from - begin.size(), table);
  else
    document = table;
  std::ofstream file(path);
  file << document;
  if (!file.flush()) throw std::runtime_error("can't write " + path);
}

void write_json(std::ostream& out, const std::vector<Results>& results, const RunInfo& info) {
  nlohmann::ordered_json document;
  document["date"] = info.date;
  document["rounds"] = info.rounds;
  document["seconds_per_round"] = info.duration;
  document["processors"] = info.processors;
  document["kernel"] = info.kernel;
  document["redis"] = info.redis;
  document["compiler"] = info.compiler;
  auto& rows = document["rows"] = nlohmann::ordered_json::array();
  for (const Row& row : make_rows(results)) {
    nlohmann::ordered_json entry{
        {"id", row.spec.id},      {"what", row.spec.what},    {"unit", row.spec.metric.unit},
        {"hiredis", row.hiredis}, {"redstart", row.redstart}, {"ratio", row.ratio}};
    if (row.spec.target) {
      entry[row.spec.target->kind == Target::Kind::ratio ? "ratio_at_least" : "at_most"] =
          row.spec.target->limit;
      entry["met"] = *row.met();
    }
    rows.push_back(std::move(entry));
  }
  auto& samples = document["samples"] = nlohmann::ordered_json::object();
  for (const Results& each : results) {
    auto& entry = samples[each.benchmark->id];
    for (const Sample& sample : each.hiredis) entry["hiredis"].push_back(as_json(sample));
    for (const Sample& sample : each.redstart) entry["redstart"].push_back(as_json(sample));
  }
  out << document.dump(2) << '\n';
}

}  // namespace redstart::bench
