// SPDX-License-Identifier: Apache-2.0
// handshake_gate.hpp: how many connections this process opens at the same time.
#pragma once

#include "socket.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace redstart::net {

/// Lets a limited number of connection attempts run at once, over all pools of the process: a server that
/// comes back is not met by everybody at the same moment.
///
/// Thread safety: full.
class HandshakeGate {
 public:
  explicit HandshakeGate(std::size_t limit) noexcept : free_(limit) {}
  HandshakeGate(const HandshakeGate&) = delete;
  HandshakeGate& operator=(const HandshakeGate&) = delete;

  /// The gate of this process: 32 at a time. Never destroyed.
  [[nodiscard]] static HandshakeGate& process();

  /// A place inside, as long as it lives.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(HandshakeGate& gate) noexcept : gate_(&gate) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    HandshakeGate* gate_ = nullptr;
  };

  /// Waits for a place; an empty pass at the deadline.
  [[nodiscard]] Pass enter(Time deadline) {
    std::unique_lock lock(mutex_);
    if (!left_.wait_until(lock, deadline, [this] { return free_ != 0; })) return {};
    --free_;
    return Pass(*this);
  }

 private:
  void leave() noexcept {
    const std::scoped_lock lock(mutex_);
    ++free_;
    left_.notify_one();
  }

  std::mutex mutex_{};
  std::condition_variable left_{};
  std::size_t free_;
};

}  // namespace redstart::net
