// SPDX-License-Identifier: Apache-2.0
// almost_one.hpp: the upper end of the random numbers that delays are made of.
#pragma once

namespace redstart::test {

inline constexpr double almost_one = 0.999'999'999;

}  // namespace redstart::test
