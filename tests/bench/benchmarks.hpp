// SPDX-License-Identifier: Apache-2.0
// benchmarks.hpp: what redstart_bench measures, row by row, and how good each row must be.
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

/// What a row must reach.
struct Target {
  enum class Kind : std::uint8_t {
    ratio,  ///< At least `limit` times what hiredis does in the same run.
    value,  ///< At most `limit`.
  };
  Kind kind = Kind::ratio;
  double limit = 0;
};

/// A line of the table, made of the samples of one benchmark.
struct RowSpec {
  std::string id{};
  std::string what{};
  Metric metric{};
  std::optional<Target> target{};
};

/// One thing to measure with both clients in turn.
struct Benchmark {
  std::string id{};
  std::function<Sample(ClientKind)> run{};
  std::vector<RowSpec> rows{};
  bool same_core = false;  ///< Client and server share one processor.
};

/// What benchmarks need to know of their surroundings.
struct Environment {
  Server server{};
  double duration = 1.0;
  std::string program_folder{};  ///< Where redstart_allocations lies.
};

/// Sizes of the large values that the benchmarks read.
[[nodiscard]] std::vector<std::size_t> large_sizes();
/// All benchmarks, in the order of the table.
[[nodiscard]] std::vector<Benchmark> all_benchmarks(const Environment& environment);

}  // namespace redstart::bench
