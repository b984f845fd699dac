// SPDX-License-Identifier: Apache-2.0
// fault_pipe.hpp: one direction of a connection: what goes in, and what comes out of it when.
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

/// Bytes on their way in one direction, with the standing faults of this direction and the faults that wait
/// for a number of bytes. Knows no sockets and no clock; messages are the business of FaultLink.
class FaultPipe {
 public:
  explicit FaultPipe(std::uint64_t seed) : random_(seed) {}

  /// Takes a standing fault, or the change of a byte, as of now.
  void apply(const FaultAction& action);
  /// Lets `rule` happen when everything that is in the pipe, and `count` bytes after that, has left it.
  void after_queued(const FaultRule& rule) { wait_for(pushed_, rule); }
  /// Lets `rule` happen when `rule.trigger.number` more bytes have left.
  void after_sent(const FaultRule& rule) { wait_for(sent_ + rule.trigger.number, rule); }
  void heal();
  void release() noexcept { held_ = false; }

  void push(std::string bytes, TimePoint now);
  /// No more bytes come: the sender has closed.
  void push_end() noexcept { end_pushed_ = true; }

  /// The rules whose byte has come, to be carried out before more is sent.
  std::vector<FaultRule> take_due();
  /// What may be sent now, at once and in one piece; empty where nothing may.
  std::string_view ready(TimePoint now);
  void sent(std::size_t size, TimePoint now);
  /// True once: the receiver is to be told that no more comes.
  bool take_end();

  [[nodiscard]] bool wants_read() const noexcept;
  /// True while nothing passes, not even the end.
  [[nodiscard]] bool blocked() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  [[nodiscard]] bool discards() const noexcept { return discards_ || ended_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// When ready() may give more than it did; nothing where only an event can change that.
  [[nodiscard]] std::optional<TimePoint> next_time(TimePoint now) const;

 private:
  struct Piece {
    std::string bytes{};
    TimePoint release{};
  };
  struct Waiting {
    std::uint64_t at = 0;  // in bytes sent
    FaultRule rule{};
  };

  void wait_for(std::uint64_t at, const FaultRule& rule);
  std::chrono::nanoseconds delay();

  std::mt19937_64 random_;
  std::deque<Piece> pieces_{};
  std::size_t offset_ = 0;              // sent of the first piece
  std::uint64_t pushed_ = 0;            // bytes that have gone in
  std::uint64_t sent_ = 0;              // bytes that have come out
  std::vector<Waiting> waiting_{};      // in the order of their bytes
  std::vector<unsigned char> masks_{};  // changes of the next byte

  bool stops_reading_ = false;
  bool stops_writing_ = false;
  bool discards_ = false;
  bool held_ = false;
  std::optional<Gate> gate_{};
  bool end_pushed_ = false;
  bool cut_ = false;    // half-closed by a fault
  bool ended_ = false;  // the receiver was told
  std::size_t slice_ = 0;
  std::chrono::nanoseconds interval_{0};
  std::chrono::nanoseconds least_{0};
  std::chrono::nanoseconds most_{0};
  std::size_t rate_ = 0;
  TimePoint not_before_{};    // pace of slices and of bandwidth
  TimePoint last_release_{};  // delays keep the order
};

}  // namespace redstart::inline v0::testing::detail
