// SPDX-License-Identifier: Apache-2.0
// fault_pipe.hpp: one direction of a proxied connection.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fault_rule.hpp"

namespace redstart::inline v0::testing::detail {

/// Bytes in transit in one direction, with the lasting faults of this direction and the faults triggered by a
/// number of bytes. Has neither socket nor clock. FaultLink handles messages.
class FaultPipe {
 public:
  explicit FaultPipe(std::uint64_t seed) : random_(seed) {}

  /// Applies a lasting fault, or the corruption of a byte, from now on.
  void apply(const FaultAction& action);
  /// Applies `rule` after everything in the pipe and `count` more bytes have been sent.
  void after_queued(const FaultRule& rule) { wait_for(pushed_, rule); }
  /// Applies `rule` after `rule.trigger.number` more bytes have been sent.
  void after_sent(const FaultRule& rule) { wait_for(sent_ + rule.trigger.number, rule); }
  void heal();
  void release() noexcept { held_ = false; }

  void push(std::string bytes, TimePoint now);
  /// The sender has closed: no more bytes follow.
  void push_end() noexcept { end_pushed_ = true; }

  /// Returns the rules whose byte has been reached. Apply them before sending more.
  std::vector<FaultRule> take_due();
  /// Returns what may be sent now in one piece; empty if nothing may.
  std::string_view ready(TimePoint now);
  void sent(std::size_t size, TimePoint now);
  /// Returns true once, when the receiver should get FIN.
  bool take_end();

  [[nodiscard]] bool wants_read() const noexcept;
  /// Whether nothing passes, not even FIN.
  [[nodiscard]] bool blocked() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  [[nodiscard]] bool discards() const noexcept { return discards_ || ended_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// When ready() may return more; empty if only an event can change that.
  [[nodiscard]] std::optional<TimePoint> next_time(TimePoint now) const;

 private:
  struct Piece {
    std::string bytes{};
    TimePoint release{};
  };
  struct Waiting {
    std::uint64_t at = 0;  // offset in bytes sent
    FaultRule rule{};
  };

  void wait_for(std::uint64_t at, const FaultRule& rule);
  std::chrono::nanoseconds delay();

  std::mt19937_64 random_;
  std::deque<Piece> pieces_{};
  std::size_t offset_ = 0;              // bytes sent of the first piece
  std::uint64_t pushed_ = 0;            // bytes accepted
  std::uint64_t sent_ = 0;              // bytes sent
  std::vector<Waiting> waiting_{};      // ordered by offset
  std::vector<unsigned char> masks_{};  // masks for the next byte

  bool stops_reading_ = false;
  bool stops_writing_ = false;
  bool discards_ = false;
  bool held_ = false;
  std::optional<Gate> gate_{};
  bool end_pushed_ = false;
  bool cut_ = false;    // half-closed by a fault
  bool ended_ = false;  // FIN was sent
  std::size_t slice_ = 0;
  std::chrono::nanoseconds interval_{0};
  std::chrono::nanoseconds least_{0};
  std::chrono::nanoseconds most_{0};
  std::size_t rate_ = 0;
  TimePoint not_before_{};    // next send time for slices and bandwidth
  TimePoint last_release_{};  // keeps delayed pieces in order
};

}  // namespace redstart::inline v0::testing::detail
