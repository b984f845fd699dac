// SPDX-License-Identifier: Apache-2.0
// examiner.hpp: loads the configuration and measures its databases.
#pragma once

#include "options.hpp"
#include "report.hpp"

#include <stdexcept>

namespace redstart::doctor {

/// A database on the command line that the configuration does not have.
class UnknownDatabase : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Loads the configuration and examines its databases: all at once, except that latencies are measured one
/// after the other. Opens a few connections to each server and changes nothing there.
///
/// Errors: faults of the configuration and of servers are in the report. `UnknownDatabase`.
[[nodiscard]] Report examine(const Options& options);

}  // namespace redstart::doctor
