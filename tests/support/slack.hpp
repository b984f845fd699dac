// SPDX-License-Identifier: Apache-2.0
// slack.hpp: tolerance of timing tests on a busy machine.
#pragma once

#include <chrono>

namespace redstart::test {

/// Added to every time limit that a test checks, because machines stall for seconds and sanitizers slow
/// everything down. An outcome that the test must distinguish from a timely one has to take longer than this.
inline constexpr std::chrono::seconds slack{10};

}  // namespace redstart::test
