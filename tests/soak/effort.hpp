// SPDX-License-Identifier: Apache-2.0
// effort.hpp: amount of work of the soak tests.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <random>

namespace redstart::test {

/// `usual` times REDSTART_SOAK_EFFORT (1 if it is not set): less under sanitizers, more for a nightly run.
[[nodiscard]] inline std::size_t effort(std::size_t usual) {
  const char* const factor = std::getenv("REDSTART_SOAK_EFFORT");
  const double scaled = static_cast<double>(usual) * (factor == nullptr ? 1.0 : std::atof(factor));
  return scaled < 1 ? 1 : static_cast<std::size_t>(scaled);
}

/// The seed of a test: REDSTART_SOAK_SEED, or a fresh one. Printed, so that a failure can be repeated.
[[nodiscard]] inline unsigned soak_seed() {
  const char* const given = std::getenv("REDSTART_SOAK_SEED");
  const unsigned seed = given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::atoi(given));
  std::cout << "seed: REDSTART_SOAK_SEED=" << seed << '\n';
  return seed;
}

}  // namespace redstart::test
