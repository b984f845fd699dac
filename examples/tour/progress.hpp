// SPDX-License-Identifier: Apache-2.0
// progress.hpp: one line that shows the progress of the work.
#pragma once

#include "text.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

namespace tour {

// Rewrites its line on a terminal; elsewhere prints one every two seconds and one at the end.
class Progress {
 public:
  explicit Progress(std::string title) : title_(std::move(title)) {}

  void show(double part, std::uint64_t operations) {
    const auto now = Clock::now();
    if (!terminal_ && now < next_) return;
    next_ = now + std::chrono::seconds(2);
    print(part, operations, terminal_ ? "" : "\n");
  }
  void finish(double part, std::uint64_t operations) { print(part, operations, "\n"); }

 private:
  using Clock = std::chrono::steady_clock;

  void print(double part, std::uint64_t operations, const char* end) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    std::cout << (terminal_ ? "\r" : "") << "  " << left(title_, 16) << " [" << left(bar(part, 30), 30)
              << "] " << right(percent(part, 0), 5) << right(grouped(operations), 10) << " operations "
              << right(fixed(seconds, 1), 5) << " s" << end << std::flush;
  }

  std::string title_;
  bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_ = began_ + std::chrono::seconds(2);
};

}  // namespace tour
