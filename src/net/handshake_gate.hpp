// SPDX-License-Identifier: Apache-2.0
// handshake_gate.hpp: how many connections this process opens at the same time.
#pragma once

#include "socket.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

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
    ~Pass() { leave(); }
    /// Gives the place back at once.
    void leave() noexcept {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->leave();
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    HandshakeGate* gate_ = nullptr;
  };

  /// Names one that waits without a thread.
  using Ticket = std::uint64_t;

  /// A place, when there is one. Otherwise an empty pass; `called` gets the next place that becomes free, on
  /// the thread that leaves it, unless `forget` comes first.
  [[nodiscard]] Pass enter(std::function<void(Pass)> called, Ticket& ticket) {
    const std::scoped_lock lock(mutex_);
    if (free_ != 0) {
      --free_;
      return Pass(*this);
    }
    ticket = ++last_ticket_;
    waiting_.push_back({ticket, std::move(called)});
    return {};
  }
  /// Does nothing when the place was given already.
  void forget(Ticket ticket) noexcept {
    std::list<Waiting> dropped;  // what it held is freed without the lock
    const std::scoped_lock lock(mutex_);
    for (auto entry = waiting_.begin(); entry != waiting_.end(); ++entry) {
      if (entry->ticket != ticket) continue;
      dropped.splice(dropped.end(), waiting_, entry);
      return;
    }
  }

  /// Waits for a place; an empty pass at the deadline.
  [[nodiscard]] Pass enter(Time deadline) {
    std::unique_lock lock(mutex_);
    if (!left_.wait_until(lock, deadline, [this] { return free_ != 0; })) return {};
    --free_;
    return Pass(*this);
  }

 private:
  struct Waiting {
    Ticket ticket;
    std::function<void(Pass)> called;
  };

  void leave() noexcept {
    std::list<Waiting> next;
    {
      const std::scoped_lock lock(mutex_);
      if (waiting_.empty()) {
        ++free_;
        left_.notify_one();
        return;
      }
      next.splice(next.end(), waiting_, waiting_.begin());
    }
    next.front().called(Pass(*this));
  }

  std::mutex mutex_{};
  std::list<Waiting> waiting_{};  // first come, first served, and before those that wait on a thread
  Ticket last_ticket_ = 0;
  std::condition_variable left_{};
  std::size_t free_;
};

}  // namespace redstart::net
