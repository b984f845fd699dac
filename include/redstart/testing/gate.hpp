// SPDX-License-Identifier: Apache-2.0
// gate.hpp: something that happens once: one thread opens it, others wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

namespace redstart::inline v0::testing {

/// How long anything in redstart::testing waits before it says that a test hangs.
inline constexpr std::chrono::seconds watchdog{30};

/// A barrier for tests that do not sleep: closed at first, opened once. Copies are the same gate.
///
/// Thread safety: every function may be called by any thread at any time.
class Gate {
 public:
  Gate();

  void open() const;
  [[nodiscard]] bool is_open() const;

  /// Waits until the gate is open, or a stop is requested.
  /// Errors: std::runtime_error when neither came within 30 s.
  void wait(const std::stop_token& stop = {}) const;

 private:
  struct State {
    std::mutex mutex{};
    std::condition_variable_any opened{};
    bool open = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace redstart::inline v0::testing
