// SPDX-License-Identifier: Apache-2.0
// report.hpp: reports the samples of a run as text, Markdown and JSON.
#pragma once

#include "benchmarks.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace redstart::bench {

/// One line of the table: medians over all rounds.
struct Row {
  RowSpec spec{};
  double hiredis = 0;
  double redstart = 0;
  double ratio = 0;  ///< Redstart to hiredis, the median of the rounds' own ratios.

  /// Empty if there is no target.
  [[nodiscard]] std::optional<bool> met() const;
};

/// A benchmark and its samples, one of each client per round.
struct Results {
  const Benchmark* benchmark = nullptr;
  std::vector<Sample> hiredis{};
  std::vector<Sample> redstart{};
};

/// The surroundings of a run.
struct RunInfo {
  std::string date{};
  int rounds = 0;
  double duration = 0;
  std::size_t processors = 0;
  std::string kernel{};
  std::string redis{};
  std::string compiler{};
};

[[nodiscard]] std::vector<Row> make_rows(const std::vector<Results>& results);
void write_text(std::ostream& out, const std::vector<Row>& rows);
/// Writes the table between two marks of an existing Markdown file, or into a new file.
void write_markdown(const std::string& path, const std::vector<Row>& rows, const RunInfo& info);
void write_json(std::ostream& out, const std::vector<Results>& results, const RunInfo& info);

}  // namespace redstart::bench
