// SPDX-License-Identifier: Apache-2.0
// random.cpp: reads the system's random source once per process.
#include <redstart/resilience/random.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <random>

namespace redstart::inline v0 {

namespace {

std::uint64_t of_the_system() noexcept {
  try {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  } catch (const std::exception&) {  // no random source: the clock separates processes too, but less
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
}

}  // namespace

std::uint64_t random_seed() noexcept {
  static const std::uint64_t base = of_the_system();
  static std::atomic<std::uint64_t> calls{0};
  // The process id is read each time, because a forked child has base and count of its parent.
  const auto process = static_cast<std::uint64_t>(::getpid());
  Random mix(base ^ (process << 32) ^ calls.fetch_add(1, std::memory_order_relaxed));
  return mix.next();
}

}  // namespace redstart::inline v0
