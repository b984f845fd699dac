// SPDX-License-Identifier: Apache-2.0
// environment.hpp: reads settings from environment variables.
#pragma once

#include <redstart/config/environment.hpp>

#include "settings.hpp"

#include <string_view>

namespace redstart::inline v0::detail {

/// The value of a variable; empty if it is not set.
[[nodiscard]] std::string_view value_of(const Environment& environment, std::string_view name) noexcept;

/// Adds the settings of flat and nested variables. `settings.databases` names the databases of other layers.
void read_environment(const Environment& environment, Settings& settings);

/// A URL without the blanks and quotes that files and shells add, with a notice for each kind removed.
[[nodiscard]] std::string_view unwrapped_url(std::string_view url, std::string_view where,
                                             Settings& settings);

}  // namespace redstart::inline v0::detail
