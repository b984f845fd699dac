// SPDX-License-Identifier: Apache-2.0
// handshake_gate.hpp: limits how many handshakes a process runs at once.
#pragma once

#include "socket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

/// Limits how many connect attempts run at once in this process, so that a server that comes back is not
/// flooded by all pools. Each attempt needs a permit.
///
/// One server's outage must not block the others. The attempts at one server get at most half of the permits.
/// An attempt that has received nothing for `patience` loses its permit if others wait. Waiting attempts are
/// admitted in FIFO order, but those at servers with fewer permits come first.
///
/// Thread safety: full.
class HandshakeGate {
 public:
  static constexpr std::chrono::milliseconds default_patience{200};

  explicit HandshakeGate(std::size_t limit, Clock::duration patience = default_patience);
  HandshakeGate(const HandshakeGate&) = delete;
  HandshakeGate& operator=(const HandshakeGate&) = delete;

  /// The gate of this process, with 32 permits. Never destroyed.
  [[nodiscard]] static HandshakeGate& process();

  /// Holds one permit and returns it on destruction. The gate may have withdrawn the permit before.
  class Pass {
   public:
    Pass() = default;
    Pass(HandshakeGate& gate, std::uint64_t permit) noexcept : gate_(&gate), permit_(permit) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), permit_(other.permit_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() { leave(); }
    /// Something arrived from the server: the attempt's patience starts anew.
    void received(TimePoint now) noexcept {
      if (gate_ != nullptr) gate_->received(permit_, now);
    }
    /// Returns the permit now.
    void leave() noexcept {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->leave(permit_);
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    HandshakeGate* gate_ = nullptr;
    std::uint64_t permit_ = 0;
  };

  /// Identifies an attempt that waits without a thread. 0 is none.
  using WaiterId = std::uint64_t;

  /// Returns a permit for an attempt at `server` if one is free. Otherwise returns an empty pass and sets
  /// `waiter`: `on_admitted` later gets a permit, on the thread that frees it, unless `cancel` comes first.
  [[nodiscard]] Pass enter(std::string server, TimePoint now, std::function<void(Pass)> on_admitted,
                           WaiterId& waiter);
  /// Does nothing if the waiter was admitted already.
  void cancel(WaiterId waiter) noexcept;
  /// Withdraws permits from attempts that have received nothing for the gate's patience, and admits others.
  /// Waiting attempts call it periodically.
  void expire(TimePoint now);

  /// Blocks until a permit is free. Returns an empty pass at the deadline.
  [[nodiscard]] Pass enter(std::string server, TimePoint deadline);

 private:
  struct Permit {
    std::uint64_t number = 0;
    std::string server{};
    TimePoint last_received{};
  };
  struct Waiting {
    WaiterId id = 0;
    std::string server{};
    std::function<void(Pass)> on_admitted{};
    std::uint64_t permit = 0;  // set on admission
  };
  using Admitted = std::list<Waiting>;

  void received(std::uint64_t permit, TimePoint now) noexcept;
  void leave(std::uint64_t permit) noexcept;
  [[nodiscard]] std::size_t permits_of(const std::string& server) const noexcept;
  [[nodiscard]] std::uint64_t grant(std::string server, TimePoint now) noexcept;
  void withdraw_expired(TimePoint now) noexcept;
  void admit(TimePoint now, Admitted& into) noexcept;
  void notify(Admitted& admitted) noexcept;

  const std::size_t limit_;
  const std::size_t limit_of_server_;
  const Clock::duration patience_;
  std::mutex mutex_{};
  std::vector<Permit> granted_{};  // reserved to `limit_` by the constructor: granting doesn't throw
  std::list<Waiting> waiting_{};
  std::uint64_t last_permit_ = 0;
  WaiterId last_waiter_ = 0;
};

}  // namespace redstart::inline v0::net
