// SPDX-License-Identifier: Apache-2.0
// meter.cpp: reads clock, processor time and memory.
#include "meter.hpp"

#include <sys/resource.h>
#include <ctime>
#include <fstream>
#include <string>

namespace redstart::bench {

namespace {

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

}  // namespace

std::uint64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

double status_kilobytes(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field) && line.substr(field.size(), 1) == ":")
      return std::stod(line.substr(field.size() + 1));
  return 0;
}

Meter::Reading Meter::read() const {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  Reading reading;
  reading.user_us = microseconds(used.ru_utime);
  reading.system_us = microseconds(used.ru_stime);
  reading.switches = static_cast<double>(used.ru_nvcsw + used.ru_nivcsw);
  if (timing_.allocations != nullptr) reading.allocations = timing_.allocations();
  reading.time = now_ns();
  return reading;
}

void Meter::start() { begin_ = read(); }

Sample Meter::stop(std::uint64_t operations, const Latencies& latencies, double bytes) const {
  const Reading end = read();
  const double count = operations == 0 ? 1 : static_cast<double>(operations);
  const double seconds = static_cast<double>(end.time - begin_.time) * 1e-9;
  Sample sample;
  sample.operations = operations;
  sample.ops_per_second = static_cast<double>(operations) / seconds;
  sample.p50_us = latencies.quantile(0.5) * 1e-3;
  sample.p99_us = latencies.quantile(0.99) * 1e-3;
  sample.user_us = (end.user_us - begin_.user_us) / count;
  sample.system_us = (end.system_us - begin_.system_us) / count;
  sample.switches = (end.switches - begin_.switches) / count;
  sample.allocations = static_cast<double>(end.allocations.calls - begin_.allocations.calls) / count;
  sample.allocated_bytes = static_cast<double>(end.allocations.bytes - begin_.allocations.bytes) / count;
  sample.megabytes_per_second = bytes / seconds * 1e-6;
  sample.peak_megabytes = status_kilobytes("VmHWM") / 1024;
  return sample;
}

}  // namespace redstart::bench
