// SPDX-License-Identifier: Apache-2.0
// start_time.hpp: the time at which tests with a virtual clock begin.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>

namespace redstart::test {

inline constexpr TimePoint start{std::chrono::hours(1)};

}  // namespace redstart::test
