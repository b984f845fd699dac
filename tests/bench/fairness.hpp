// SPDX-License-Identifier: Apache-2.0
// fairness.hpp: the measurements of redstart_fairness.
#pragma once

#include "workload.hpp"

#include <redstart/config/redis_config.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace redstart::bench {

/// The limit that a figure should keep.
struct Goal {
  enum class Kind : std::uint8_t { none, at_least, at_most, below };
  Kind kind = Kind::none;
  double limit = 0;

  [[nodiscard]] bool met(double value) const noexcept {
    switch (kind) {
      case Kind::none: return true;
      case Kind::at_least: return value >= limit;
      case Kind::at_most: return value <= limit;
      case Kind::below: return value < limit;
    }
    return true;
  }
};

/// One number of the report.
struct Figure {
  std::string name{};
  double value = 0;
  std::string unit{};
  Goal goal{};
};

/// Figures that are measured together.
struct FairnessMeasurement {
  std::string id{};
  std::function<std::vector<Figure>()> run{};
};

/// The server, the folder of the measuring programs, and the seconds of each measurement.
struct FairnessPlan {
  Server server{};
  std::string program_folder{};
  double seconds = 2;
};

/// Settings of a manager for one database `main` of that server.
[[nodiscard]] RedisConfig fairness_config(const Server& server);

/// 200 callers that need connections of their own over a pool of 50, against 50 callers.
[[nodiscard]] std::vector<FairnessMeasurement> caller_measurements(const FairnessPlan& plan);
/// Small GETs beside large requests, replies and batches of another caller.
[[nodiscard]] std::vector<FairnessMeasurement> neighbour_measurements(const FairnessPlan& plan);
/// Bytes of waiting operations and idle connections; allocations per command.
[[nodiscard]] std::vector<FairnessMeasurement> memory_measurements(const FairnessPlan& plan);

}  // namespace redstart::bench
