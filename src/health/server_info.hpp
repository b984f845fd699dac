// SPDX-License-Identifier: Apache-2.0
// server_info.hpp: reads the figures of a health report from INFO.
#pragma once

#include <redstart/health/health_report.hpp>

#include <string_view>

namespace redstart::inline v0::health {

/// Reads the reply to INFO. `number`: the database whose keys are counted. A missing or malformed field stays
/// empty; a database without keys has 0 keys. `hit_ratio` stays empty.
[[nodiscard]] ServerHealth read_server_info(std::string_view info, int number);

}  // namespace redstart::inline v0::health
