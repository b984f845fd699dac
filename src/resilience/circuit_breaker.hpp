// SPDX-License-Identifier: Apache-2.0
// circuit_breaker.hpp: rejects calls to a server that stopped answering.
#pragma once

#include "sliding_window.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/resilience/breaker_policy.hpp>
#include <redstart/resilience/breaker_state.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>

namespace redstart::inline v0 {

/// An admitted call. Its generation is that of the state that admitted it, so that its outcome never changes
/// a later state. `row` is the row of failures that was current when the call began. A failure with the
/// current row belongs to a call that began after the first failure of that row.
struct BreakerTicket {
  std::uint64_t generation = 0;
  std::uint16_t row = 0;
};

// The data of each state, in the order of BreakerState.
namespace detail::breaker {

struct Closed {
  SlidingWindow window{};
  unsigned consecutive = 0;  // failures without a success between
  bool confirmed = false;    // one of them belongs to a call that began after the first
};
struct Open {
  std::chrono::steady_clock::time_point until{};
};
struct HalfOpen {
  unsigned in_flight = 0;
  unsigned successes = 0;
};
struct ForcedOpen {};
struct ForcedClosed {};

}  // namespace detail::breaker

/// The circuit breaker of one database as a state machine.
///
/// Every call that was admitted ends in exactly one of `succeeded`, `failed` and `dropped`. A connection that
/// is lost is one failure, however many calls were in flight on it: `failed` with the ticket of one of them
/// (the newest), `dropped` for the others. `verdict` in breaker_verdict.hpp classifies errors.
///
/// Thread safety: none, the pool's lock guards it. While `state()` is closed, an admission changes nothing:
/// the pool may keep a copy of the generation for its callers and report successes in bulk.
class CircuitBreaker {
 public:
  using Ticket = BreakerTicket;

  explicit CircuitBreaker(BreakerPolicy policy = {}) noexcept : policy_(policy), recovery_(policy.recovery) {}

  /// Replaces the policy; the state and the window stay.
  void use(const BreakerPolicy& policy) noexcept {
    policy_ = policy;
    recovery_ = Backoff(policy.recovery);
  }

  [[nodiscard]] BreakerState state() const noexcept { return static_cast<BreakerState>(state_.index()); }
  /// Grows with each change of state.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  /// The number of the current row of failures. Grows with each failure that follows a success.
  [[nodiscard]] std::uint16_t row() const noexcept { return row_; }
  /// While open: when calls may pass as probes, if no connection becomes ready before. Otherwise
  /// `TimePoint{}`.
  [[nodiscard]] TimePoint open_until() const noexcept {
    const Open* const open = std::get_if<Open>(&state_);
    return open != nullptr ? open->until : TimePoint{};
  }
  /// The number of probes in flight.
  [[nodiscard]] unsigned probing() const noexcept {
    const HalfOpen* const half_open = std::get_if<HalfOpen>(&state_);
    return half_open != nullptr ? half_open->in_flight : 0;
  }
  /// Outcomes of the last 10 s while closed; zero in other states.
  [[nodiscard]] SlidingWindow::Counts counts(TimePoint now) noexcept {
    Closed* const closed = std::get_if<Closed>(&state_);
    return closed != nullptr ? closed->window.counts(now) : SlidingWindow::Counts{};
  }

  /// Admits a call, or returns empty. The first call after the recovery time half-opens the breaker.
  [[nodiscard]] std::optional<Ticket> admit(TimePoint now) noexcept {
    if (const Open* const open = std::get_if<Open>(&state_); open != nullptr && now >= open->until)
      become(HalfOpen{});
    if (HalfOpen* const half_open = std::get_if<HalfOpen>(&state_)) {
      if (half_open->in_flight + half_open->successes >= policy_.probes) return std::nullopt;
      ++half_open->in_flight;
      return Ticket{generation_, row_};
    }
    const bool passes =
        std::holds_alternative<Closed>(state_) || std::holds_alternative<ForcedClosed>(state_);
    return passes ? std::optional(Ticket{generation_, row_}) : std::nullopt;
  }

  /// `count` calls were answered, whatever the reply; more than one only with a ticket of the closed state.
  void succeeded(Ticket ticket, TimePoint now, std::uint64_t count = 1) noexcept {
    if (ticket.generation != generation_ || count == 0) return;
    if (Closed* const closed = std::get_if<Closed>(&state_)) {
      closed->consecutive = 0;
      closed->window.add({count, 0}, now);
    } else if (HalfOpen* const half_open = std::get_if<HalfOpen>(&state_)) {
      --half_open->in_flight;
      if (++half_open->successes < policy_.probes) return;
      recovery_.reset();
      become(Closed{});
    }
  }

  /// A call timed out, or a connection was lost. `random` in [0, 1).
  void failed(Ticket ticket, TimePoint now, double random) noexcept {
    if (ticket.generation != generation_) return;
    if (Closed* const closed = std::get_if<Closed>(&state_)) {
      if (closed->consecutive++ == 0) {
        ++row_;
        closed->confirmed = false;
      } else if (ticket.row == row_) {
        closed->confirmed = true;
      }
      closed->window.add({0, 1}, now);
      if (trips(*closed, now)) open(now, random);
    } else if (std::holds_alternative<HalfOpen>(state_)) {
      open(now, random);
    }
  }

  /// A call ended without proving anything: cancelled, refused before it was sent, loading, or one of many on
  /// a lost connection. The place of a probe becomes free.
  void dropped(Ticket ticket) noexcept {
    if (ticket.generation != generation_) return;
    if (HalfOpen* const half_open = std::get_if<HalfOpen>(&state_)) --half_open->in_flight;
  }

  /// A connection became ready, or the pool's own PING was answered: half-opens an open breaker at once.
  void connection_ready() noexcept {
    if (std::holds_alternative<Open>(state_)) become(HalfOpen{});
  }

  void force_open() noexcept {
    if (state() != BreakerState::forced_open) become(ForcedOpen{});
  }
  void force_closed() noexcept {
    if (state() != BreakerState::forced_closed) become(ForcedClosed{});
  }
  /// Ends a forced state: closed, with nothing counted. No effect on the others.
  void automatic() noexcept {
    if (!std::holds_alternative<ForcedOpen>(state_) && !std::holds_alternative<ForcedClosed>(state_)) return;
    recovery_.reset();
    become(Closed{});
  }

 private:
  using Closed = detail::breaker::Closed;
  using Open = detail::breaker::Open;
  using HalfOpen = detail::breaker::HalfOpen;
  using ForcedOpen = detail::breaker::ForcedOpen;
  using ForcedClosed = detail::breaker::ForcedClosed;

  template <class State>
  void become(State next) noexcept {
    ++generation_;
    state_ = next;
  }
  void open(TimePoint now, double random) noexcept {
    become(Open{deadline_after(now, recovery_.next(random))});
  }

  // Failures of concurrent calls follow each other even if most calls succeed: calls with replies end at
  // once, so only those that wait for the lost reply remain. Such a row alone is no outage.
  [[nodiscard]] bool trips(Closed& closed, TimePoint now) const noexcept {
    if (closed.consecutive >= policy_.consecutive_failures &&
        (closed.confirmed || policy_.consecutive_failures == 1) && too_many_failed(closed.window.latest(now)))
      return true;
    const SlidingWindow::Counts counts = closed.window.counts(now);
    return counts.calls() >= policy_.minimum_calls && too_many_failed(counts);
  }
  [[nodiscard]] bool too_many_failed(const SlidingWindow::Counts& counts) const noexcept {
    return static_cast<double>(counts.failed) >= policy_.failure_share * static_cast<double>(counts.calls());
  }

  BreakerPolicy policy_;
  Backoff recovery_;
  std::variant<Closed, Open, HalfOpen, ForcedOpen, ForcedClosed> state_{};
  std::uint64_t generation_ = 0;
  std::uint16_t row_ = 0;
};

}  // namespace redstart::inline v0
