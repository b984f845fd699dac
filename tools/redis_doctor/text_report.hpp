// SPDX-License-Identifier: Apache-2.0
// text_report.hpp: a report for people.
#pragma once

#include "report.hpp"

#include <string>

namespace redstart::doctor {

struct TextOptions {
  bool colour = false;  ///< Uses the escape sequences of terminals.
  bool quiet = false;   ///< Only steps that need attention; nothing if there are none.
};

/// The report as lines, one for each step, with remedies below. Ends with what to do first.
[[nodiscard]] std::string text_of(const Report& report, const TextOptions& options = {});

}  // namespace redstart::doctor
