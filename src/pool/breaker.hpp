// SPDX-License-Identifier: Apache-2.0
// breaker.hpp: the circuit breaker of one server, for all callers at once.
#pragma once

#include "../observe/counters.hpp"
#include "../protocol/admission.hpp"
#include "../resilience/breaker_verdict.hpp"
#include "../resilience/circuit_breaker.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/resilience/random.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::pool {

/// Admits or refuses calls, and counts their outcomes. While all calls pass, an admission costs one relaxed
/// load and a success nothing. Successes are read in bulk from the statistics, once a second and before each
/// failure.
///
/// Every ticket ends in exactly one of `succeeded`, `failed` and `dropped`.
///
/// Thread safety: full. Callbacks are called without the lock.
class Breaker {
 public:
  /// The stamp of an admitted call; 0 if the call was refused.
  using Ticket = std::uint64_t;

  /// The replies of one shared connection, for classifying timeouts on it. Belongs to the connection.
  struct Silence {
    TimePoint since{};         ///< Its last reply, or when it was opened.
    std::uint64_t looks = 0;   ///< How often the breaker had read the statistics at that time.
    std::uint64_t own = 0;     ///< Commands that it has answered since that reading.
    TimePoint others_until{};  ///< When others last answered after its own last reply, as far as known.
  };
  struct Change {
    BreakerState from = BreakerState::closed;
    BreakerState to = BreakerState::closed;
    std::string why{};
  };
  /// The state as errors show it.
  struct Status {
    BreakerState state = BreakerState::closed;
    TimePoint since{};       ///< Start of the state; initially the creation of the breaker.
    TimePoint next_probe{};  ///< While open: the latest time at which calls may pass again.
    std::string why{};       ///< The last failure.
    std::uint64_t changes = 0;
  };

  Breaker(const BreakerPolicy& policy, const OperationCounters& counters)
      : counters_(counters), machine_(policy), random_(random_seed()) {}
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  /// `listener` is called after each change of state; and, with equal `from` and `to`, if a probe was
  /// dropped. Set it before the first use.
  void on_change(std::function<void(const Change&)> listener) { listener_ = std::move(listener); }

  /// Replaces the policy; the state and what was counted stay.
  void use(const BreakerPolicy& policy);

  /// Admits a call. `may_probe` false: only while all calls pass, as for commands that block in the server.
  [[nodiscard]] Ticket admit(TimePoint now, bool may_probe = true) {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & passing) != 0) [[likely]]
      return word;
    return may_probe ? admit_probe(now) : 0;
  }
  /// A ticket for any number of calls while all calls pass, else 0.
  [[nodiscard]] Ticket common_ticket() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    return (word & passing) != 0 ? word : 0;
  }
  /// True if a call that starts now would be refused.
  [[nodiscard]] bool refuses(TimePoint now) const;
  [[nodiscard]] static bool is_probe(Ticket ticket) noexcept { return protocol::Admission::is_probe(ticket); }

  void succeeded(Ticket ticket, TimePoint now) {
    if (is_probe(ticket)) [[unlikely]]
      probe_succeeded(ticket, now);
  }
  /// A timeout, or the loss of a connection: one failure for all that was in flight on it.
  void failed(Ticket ticket, TimePoint now, std::string_view why);
  /// A call timed out on a shared connection. `behind`: it waited behind a call that had timed out before, so
  /// this is a failure of the server only if no other connection answers. A stuck connection must not open
  /// the breaker for the others.
  void failed(Ticket ticket, TimePoint now, std::string_view why, Silence& silence, bool behind);
  /// A shared connection has answered commands that are not in the statistics yet.
  void note_answers(Silence& silence, TimePoint now, std::uint64_t commands) const noexcept {
    const std::uint64_t looks = looks_.load(std::memory_order_relaxed);
    if (silence.looks != looks) silence = {now, looks, 0, {}};
    silence.since = now;
    silence.own += commands;
    silence.others_until = {};
  }
  /// The call has no result that concerns the server.
  void dropped(Ticket ticket) {
    if (is_probe(ticket)) [[unlikely]]
      probe_dropped(ticket);
  }
  /// A connection became ready, or the recovery ping was answered.
  void connection_ready();

  /// Reads the statistics if that is due. Call it with a time that is known already.
  void tick(TimePoint now) {
    if (now.time_since_epoch().count() >= next_look_.load(std::memory_order_relaxed)) [[unlikely]]
      look(now);
  }

  [[nodiscard]] BreakerState state() const;
  [[nodiscard]] Status status() const;

  void force_open() { forced(&CircuitBreaker::force_open, "forced open"); }
  void force_closed() { forced(&CircuitBreaker::force_closed, "forced closed"); }
  /// Ends a forced state.
  void automatic() { forced(&CircuitBreaker::automatic, "no longer forced"); }

 private:
  // Bit 0: all calls pass. Above it 16 bits for the run of failures, then the generation.
  static constexpr std::uint64_t passing = 1;

  [[nodiscard]] static BreakerTicket of(Ticket ticket) noexcept {
    return {ticket >> 17, static_cast<std::uint16_t>(ticket >> 1)};
  }
  [[nodiscard]] static Ticket of(const BreakerTicket& ticket, bool everything_passes) noexcept {
    return (ticket.generation << 17) | (std::uint64_t{ticket.row} << 1) | (everything_passes ? passing : 0);
  }
  [[nodiscard]] Ticket admit_probe(TimePoint now);
  void probe_succeeded(Ticket ticket, TimePoint now);
  void probe_dropped(Ticket ticket);
  void look(TimePoint now);
  void forced(void (CircuitBreaker::*command)() noexcept, std::string_view why);
  void take_successes(TimePoint now, TimePoint at) noexcept;
  [[nodiscard]] TimePoint answered_by(TimePoint now) const noexcept;
  [[nodiscard]] bool others_answer(Silence& silence, TimePoint now) noexcept;

  // Changes the machine under the lock, then notifies without it.
  template <class Action>
  void change(Action action, std::string_view why);

  const OperationCounters& counters_;
  std::function<void(const Change&)> listener_{};
  std::atomic<std::uint64_t> word_{passing};
  std::atomic<Clock::rep> next_look_{0};
  std::atomic<std::uint64_t> looks_{0};  // how often the statistics were read

  mutable std::mutex mutex_{};
  CircuitBreaker machine_;
  Random random_;
  std::uint64_t answered_ = 0;  // the count that the machine has received
  TimePoint looked_{};          // when the counters were last read
  TimePoint answered_from_{};   // something was answered between these times, and nothing since
  TimePoint answered_until_{};
  std::uint64_t answered_between_ = 0;  // commands, between the two latest readings
  std::string last_failure_{};
  TimePoint since_ = Clock::now();
  std::uint64_t changes_ = 0;
};

/// The ticket of one call; it is dropped at the end of the scope unless it has ended before.
class Admission {
 public:
  Admission(Breaker& breaker, Breaker::Ticket ticket) noexcept : breaker_(breaker), ticket_(ticket) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission() { breaker_.dropped(ticket_); }
  explicit operator bool() const noexcept { return ticket_ != 0; }

  void drop() { breaker_.dropped(std::exchange(ticket_, 0)); }
  void succeeded(TimePoint now) { breaker_.succeeded(std::exchange(ticket_, 0), now); }
  void failed(TimePoint now, std::string_view why) { breaker_.failed(std::exchange(ticket_, 0), now, why); }

 private:
  Breaker& breaker_;
  Breaker::Ticket ticket_;
};

}  // namespace redstart::inline v0::pool
