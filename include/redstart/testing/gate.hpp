// SPDX-License-Identifier: Apache-2.0
// gate.hpp: a gate that one thread opens and others wait for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

namespace redstart::inline v0::testing {

/// How long a wait in redstart::testing lasts before it fails the test as hanging.
inline constexpr std::chrono::seconds watchdog{30};

/// A barrier for tests that must not sleep: initially closed, opened once. Copies refer to the same gate.
///
/// Thread safety: every function may be called on any thread at any time.
class Gate {
 public:
  Gate();

  void open() const;
  [[nodiscard]] bool is_open() const;

  /// Waits until the gate is open or a stop is requested.
  /// Errors: std::runtime_error after 30 s.
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
