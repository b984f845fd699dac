// SPDX-License-Identifier: Apache-2.0
// report.hpp: final report of a soak run.
#pragma once

#include "run.hpp"

#include <cstddef>
#include <map>
#include <ostream>
#include <string>

namespace redstart::soak {

/// Observations of the process and the statistics.
struct Watched {
  std::size_t most_connections = 0;
  std::size_t most_in_flight = 0;
  std::size_t most_queued_bytes = 0;
  std::size_t resident_before = 0;  ///< Bytes, before the first fault.
  std::size_t resident_most = 0;
  std::size_t probes = 0;  ///< Operations sent while a breaker was half open.
  std::size_t twice = 0;   ///< Operations with at_least_once sent more than once.
  std::map<std::string, std::size_t> events{};
};

using FaultCounts = std::map<std::string, std::size_t>;

/// The table: operations by outcome, faults by kind, violations, recovery.
void write_table(std::ostream& out, const Run& run, const FaultCounts& faults, const Watched& watched);
/// The last line. Scripts parse it: its fields and their order must not change.
void write_last_line(std::ostream& out, const Run& run, const FaultCounts& faults);
/// Writes the table's data as JSON. Errors: std::runtime_error.
void write_json(const std::string& path, const Run& run, const FaultCounts& faults, const Watched& watched);

}  // namespace redstart::soak
