// SPDX-License-Identifier: Apache-2.0
// loss_tolerance.hpp: ignores the first loss of an unproven connection.
#pragma once

#include <cstdint>

namespace redstart::inline v0::protocol {

/// A server may close a connection that has answered nothing for a reason of its own. So the first such loss
/// since the last answer is ignored, and so are losses of connections that were ready at that time.
///
/// Thread safety: none. Pure.
class LossTolerance {
 public:
  /// The connection `number` was lost without an answer. `ready`: the number of the newest connection that
  /// has become ready. Returns true if the loss must be ignored.
  [[nodiscard]] bool ignores(std::uint64_t number, std::uint64_t ready) noexcept {
    if (number <= spared_) return true;
    if (lost_once_) return false;
    lost_once_ = true;
    spared_ = ready;
    return true;
  }
  /// A command was answered.
  void answered() noexcept { lost_once_ = false; }

 private:
  bool lost_once_ = false;
  std::uint64_t spared_ = 0;  // the newest connection that was ready at the first loss
};

}  // namespace redstart::inline v0::protocol
