// SPDX-License-Identifier: Apache-2.0
// handshake_gate.hpp: how many connections this process opens at the same time.
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

/// Lets a limited number of connection attempts run at once, over all pools of the process: a server that
/// comes back is not met by everybody at the same moment. One server's outage is its own: its attempts get
/// half of the places at most, and lose them to others once they have heard nothing for its patience. Those
/// that wait are admitted in their order, servers with fewer places first.
///
/// Thread safety: full.
class HandshakeGate {
 public:
  static constexpr std::chrono::milliseconds default_patience{200};

  explicit HandshakeGate(std::size_t limit, Clock::duration patience = default_patience);
  HandshakeGate(const HandshakeGate&) = delete;
  HandshakeGate& operator=(const HandshakeGate&) = delete;

  /// The gate of this process: 32 at a time. Never destroyed.
  [[nodiscard]] static HandshakeGate& process();

  /// A place inside, as long as it lives. The gate may have taken the place back before.
  class Pass {
   public:
    Pass() = default;
    Pass(HandshakeGate& gate, std::uint64_t place) noexcept : gate_(&gate), place_(place) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), place_(other.place_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() { leave(); }
    /// The server has answered something.
    void heard(TimePoint now) noexcept {
      if (gate_ != nullptr) gate_->heard(place_, now);
    }
    /// Gives the place back at once.
    void leave() noexcept {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->leave(place_);
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    HandshakeGate* gate_ = nullptr;
    std::uint64_t place_ = 0;
  };

  /// Names one that waits without a thread.
  using Ticket = std::uint64_t;

  /// A place for an attempt at `server`, when there is one. Otherwise an empty pass; `called` gets the next
  /// place that becomes free, on the thread that makes it free, unless `forget` comes first.
  [[nodiscard]] Pass enter(std::string server, TimePoint now, std::function<void(Pass)> called,
                           Ticket& ticket);
  /// Does nothing when the place was given already.
  void forget(Ticket ticket) noexcept;
  /// Takes places from attempts that have heard nothing for the gate's patience, and gives them to others.
  /// Those that wait call it from time to time.
  void expire(TimePoint now);

  /// Waits for a place; an empty pass at the deadline.
  [[nodiscard]] Pass enter(std::string server, TimePoint deadline);

 private:
  struct Place {
    std::uint64_t number = 0;
    std::string server{};
    TimePoint heard{};
  };
  struct Waiting {
    Ticket ticket = 0;
    std::string server{};
    std::function<void(Pass)> called{};
    std::uint64_t place = 0;  // once it is admitted
  };
  using Admitted = std::list<Waiting>;

  void heard(std::uint64_t place, TimePoint now) noexcept;
  void leave(std::uint64_t place) noexcept;
  [[nodiscard]] std::size_t places_of(const std::string& server) const noexcept;
  [[nodiscard]] std::uint64_t take_place(std::string server, TimePoint now) noexcept;
  void take_back(TimePoint now) noexcept;
  void admit(TimePoint now, Admitted& into) noexcept;
  void call(Admitted& admitted) noexcept;

  const std::size_t limit_;
  const std::size_t limit_of_server_;
  const Clock::duration patience_;
  std::mutex mutex_{};
  std::vector<Place> inside_{};  // room for all is there from the beginning
  std::list<Waiting> waiting_{};
  std::uint64_t last_place_ = 0;
  Ticket last_ticket_ = 0;
};

}  // namespace redstart::inline v0::net
