// SPDX-License-Identifier: Apache-2.0
// environment.hpp: environment variables as a value.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// Environment variables: names and values. A name that occurs twice has its first value.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// A copy of the variables of this process.
///
/// Thread safety: no other thread may change the environment during the call.
[[nodiscard]] Environment process_environment();

}  // namespace redstart::inline v0
