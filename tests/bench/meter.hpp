// SPDX-License-Identifier: Apache-2.0
// meter.hpp: measures time, processor time and memory of one measurement.
#pragma once

#include "latencies.hpp"

#include <cstdint>
#include <string_view>

namespace redstart::bench {

/// Calls of malloc and similar functions since the program began, and the requested bytes.
struct Allocations {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
};
using AllocationSource = Allocations (*)();

/// How long to warm up and to measure, in seconds, and an optional counter of allocations.
struct Timing {
  double warm_up = 0.2;
  double duration = 1.0;
  AllocationSource allocations = nullptr;
};

/// One measurement. Figures are per operation where that makes sense. Plain data, because it is sent through
/// a pipe.
struct Sample {
  double ops_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double user_us = 0;
  double system_us = 0;
  double allocations = 0;
  double allocated_bytes = 0;
  double megabytes_per_second = 0;  ///< 10^6 bytes, of the values only.
  double peak_megabytes = 0;        ///< 2^20 bytes, of the whole process so far.
  double switches = 0;              ///< Context switches.
  double value = 0;                 ///< The figure of a measurement without a loop.
  std::uint64_t operations = 0;

  [[nodiscard]] double cpu_us() const { return user_us + system_us; }
};

/// Nanoseconds of a steady clock.
[[nodiscard]] std::uint64_t now_ns();
/// A line of /proc/self/status in KiB: `VmRSS`, `VmHWM`.
[[nodiscard]] double status_kilobytes(std::string_view field);

/// Reads everything at `start` and again at `stop`.
class Meter {
 public:
  explicit Meter(const Timing& timing) : timing_(timing) {}

  void start();
  /// `bytes`: of all values that were sent or received.
  [[nodiscard]] Sample stop(std::uint64_t operations, const Latencies& latencies, double bytes) const;

 private:
  struct Reading {
    std::uint64_t time = 0;
    double user_us = 0;
    double system_us = 0;
    double switches = 0;
    Allocations allocations{};
  };
  [[nodiscard]] Reading read() const;

  Timing timing_;
  Reading begin_{};
};

}  // namespace redstart::bench
