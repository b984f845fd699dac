// SPDX-License-Identifier: Apache-2.0
// loops.hpp: repeats an operation for a time, on one thread or several.
#pragma once

#include "meter.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace redstart::bench {

/// The work of one call of the operation.
struct PerCall {
  std::uint64_t operations = 1;
  double bytes = 0;
};

/// Calls `op(i)` until the time is over.
template <class Op>
Sample timed_loop(const Timing& timing, PerCall per_call, Op op) {
  const auto nanoseconds = [](double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); };
  std::uint64_t i = 0;
  for (const std::uint64_t end = now_ns() + nanoseconds(timing.warm_up);;) {
    op(i++);
    if (now_ns() >= end) break;
  }
  Latencies latencies;
  std::uint64_t calls = 0;
  Meter meter(timing);
  meter.start();
  std::uint64_t last = now_ns();
  for (const std::uint64_t end = last + nanoseconds(timing.duration); last < end;) {
    op(i++);
    const std::uint64_t now = now_ns();
    latencies.add(now - last);
    last = now;
    ++calls;
  }
  return meter.stop(calls * per_call.operations, latencies, static_cast<double>(calls) * per_call.bytes);
}

/// Calls the operations that `make()` returns for each of the threads, all at the same time.
template <class Make>
Sample timed_threads(const Timing& timing, unsigned threads, Make make) {
  enum class Phase : std::uint8_t { warm_up, measure, end };
  std::atomic<Phase> phase{Phase::warm_up};
  std::atomic<unsigned> ready{0};
  std::vector<Latencies> latencies(threads);
  std::vector<std::uint64_t> calls(threads);
  std::vector<std::thread> workers;
  const auto pause = [](double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  };
  for (unsigned id = 0; id < threads; ++id) {
    workers.emplace_back([&, id] {
      auto op = make();
      std::size_t i = id * std::size_t{7919};
      op(i++);
      ++ready;
      while (phase.load(std::memory_order_relaxed) == Phase::warm_up) op(i++);
      std::uint64_t done = 0;
      std::uint64_t last = now_ns();
      while (phase.load(std::memory_order_relaxed) == Phase::measure) {
        op(i++);
        const std::uint64_t now = now_ns();
        latencies[id].add(now - last);
        last = now;
        ++done;
      }
      calls[id] = done;
    });
  }
  while (ready.load() < threads) pause(0.001);
  pause(timing.warm_up);
  Meter meter(timing);
  meter.start();
  phase = Phase::measure;
  pause(timing.duration);
  phase = Phase::end;
  for (std::thread& worker : workers) worker.join();
  std::uint64_t total = 0;
  for (const std::uint64_t each : calls) total += each;
  for (unsigned id = 1; id < threads; ++id) latencies[0].merge(latencies[id]);
  return meter.stop(total, latencies[0], 0);
}

/// The time of chains of asynchronous operations on one thread. Each chain reports every operation that
/// ended.
class TimedChains {
 public:
  explicit TimedChains(const Timing& timing) : timing_(timing), meter_(timing), end_(later(timing.warm_up)) {}

  /// An operation that took `latency` ended at `now`. Returns false once the time is over: begin no other.
  [[nodiscard]] bool ended(std::uint64_t now, std::uint64_t latency) {
    if (phase_ == Phase::over) return false;
    if (phase_ == Phase::measure) {
      latencies_.add(latency);
      ++operations_;
    }
    if (now < end_) return true;
    if (phase_ == Phase::warm_up) {
      phase_ = Phase::measure;
      meter_.start();
      end_ = later(timing_.duration);
      return true;
    }
    sample_ = meter_.stop(operations_, latencies_, 0);
    phase_ = Phase::over;
    return false;
  }
  [[nodiscard]] const Sample& sample() const { return sample_; }

 private:
  enum class Phase : std::uint8_t { warm_up, measure, over };

  static std::uint64_t later(double seconds) { return now_ns() + static_cast<std::uint64_t>(seconds * 1e9); }

  Timing timing_;
  Meter meter_;
  Phase phase_ = Phase::warm_up;
  std::uint64_t end_;
  std::uint64_t operations_ = 0;
  Latencies latencies_{};
  Sample sample_{};
};

}  // namespace redstart::bench
