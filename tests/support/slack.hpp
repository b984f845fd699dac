// SPDX-License-Identifier: Apache-2.0
// slack.hpp: how late a machine that is busy with something else may be.
#pragma once

#include <chrono>

namespace redstart::test {

/// Added to each time that has to be kept: machines stall for seconds, and sanitizers make everything slower.
/// Whatever a test wants to tell from being in time has to take longer than that.
inline constexpr std::chrono::seconds slack{10};

}  // namespace redstart::test
