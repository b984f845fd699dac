// SPDX-License-Identifier: Apache-2.0
// json_report.hpp: a report for programs.
#pragma once

#include "report.hpp"

#include <string>

namespace redstart::doctor {

/// The report as one JSON object in one line; docs/doctor.schema.json describes it.
[[nodiscard]] std::string json_of(const Report& report);

}  // namespace redstart::doctor
