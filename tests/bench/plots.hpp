// SPDX-License-Identifier: Apache-2.0
// plots.hpp: which charts show a run.
#pragma once

#include "report.hpp"

#include <string>
#include <vector>

namespace redstart::bench {

/// Writes the charts whose rows were measured into `folder`, which is made if need be. Returns their paths.
std::vector<std::string> write_plots(const std::string& folder, const std::vector<Row>& rows);

}  // namespace redstart::bench
