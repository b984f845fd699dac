// SPDX-License-Identifier: Apache-2.0
// benchmarks.hpp: the rows of redstart_bench and their targets.
#pragma once

#include "workload.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace redstart::bench {

enum class ClientKind : std::uint8_t { hiredis, redstart };

/// How a figure is read from a sample.
struct Metric {
  std::string unit{};
  double (*read)(const Sample&) = nullptr;
  bool more_is_better = false;
};

/// The target of a row.
struct Target {
  enum class Kind : std::uint8_t {
    ratio,  ///< At least `limit` times the figure of hiredis in the same run.
    value,  ///< At most `limit`.
  };
  Kind kind = Kind::ratio;
  double limit = 0;
};

/// A row of the table, calculated from the samples of one benchmark.
struct RowSpec {
  std::string id{};
  std::string what{};
  Metric metric{};
  std::optional<Target> target{};
};

/// A measurement that both clients make in turn.
struct Benchmark {
  std::string id{};
  std::function<Sample(ClientKind)> run{};
  std::vector<RowSpec> rows{};
  bool same_core = false;  ///< Client and server share one processor.
};

/// The surroundings of the benchmarks.
struct Environment {
  Server server{};
  double duration = 1.0;
  std::string program_folder{};  ///< The directory of redstart_allocations.
};

/// Sizes of the large values that the benchmarks read.
[[nodiscard]] std::vector<std::size_t> large_sizes();
/// All benchmarks, in the order of the table.
[[nodiscard]] std::vector<Benchmark> all_benchmarks(const Environment& environment);

}  // namespace redstart::bench
