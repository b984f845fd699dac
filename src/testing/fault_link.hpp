// SPDX-License-Identifier: Apache-2.0
// fault_link.hpp: both directions of one proxied connection, and its faults.
#pragma once

#include <redstart/core/clock.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault_pipe.hpp"
#include "fault_rule.hpp"
#include "message_reader.hpp"

namespace redstart::inline v0::testing::detail {

/// Decides what happens to the bytes of one connection. Has neither socket nor clock.
class FaultLink {
 public:
  /// How to end the connection.
  enum class End : std::uint8_t {
    none,
    reset,  // RST on both sides
    close,  // FIN on both sides
  };

  /// A complete request or reply.
  struct Seen {
    Direction direction = Direction::to_client;
    std::uint64_t number = 0;
    std::string command{};
  };

  explicit FaultLink(std::uint64_t seed) : lanes_{Lane(seed), Lane(seed + 0x9e3779b97f4a7c15U)} {}

  void add(const FaultRule& rule);
  void heal(TimePoint now);
  void release() noexcept;

  /// Accepts bytes from the sender. Appends complete messages to `seen`.
  void receive(Direction direction, std::string_view bytes, TimePoint now, std::vector<Seen>& seen);
  /// The sender has closed with FIN.
  void receive_end(Direction direction, TimePoint now);
  /// The sender's connection is broken.
  void receive_reset(Direction direction) noexcept { lane(direction).broken = true; }

  /// Applies the faults that are due, then returns what may be sent now; empty if nothing may.
  std::string_view ready(Direction direction, TimePoint now);
  void sent(Direction direction, std::size_t size, TimePoint now) { lane(direction).pipe.sent(size, now); }
  /// Returns true once, when the receiver should get FIN.
  bool take_end(Direction direction) { return lane(direction).pipe.take_end(); }

  [[nodiscard]] bool wants_read(Direction direction) const noexcept {
    const Lane& from = lane(direction);
    return !from.broken && from.pipe.wants_read();
  }
  /// How to end the connection, if that is decided.
  [[nodiscard]] End end() const noexcept;
  [[nodiscard]] bool both_ended() const noexcept { return lanes_[0].pipe.ended() && lanes_[1].pipe.ended(); }
  [[nodiscard]] std::optional<TimePoint> next_time(TimePoint now) const;
  /// The number of faults that took effect.
  [[nodiscard]] std::uint64_t fired() const noexcept { return fired_; }

 private:
  struct MessageRule {
    FaultRule rule{};
    std::uint64_t after = 0;  // messages up to this number are not counted
    std::uint64_t met = 0;    // messages counted so far
  };
  struct Lane {
    explicit Lane(std::uint64_t seed) : pipe(seed) {}
    FaultPipe pipe;
    MessageReader reader{};
    std::vector<MessageRule> rules{};
    std::optional<std::string> swapped{};  // to be sent after the next message
    std::uint64_t messages = 0;
    bool broken = false;
  };

  Lane& lane(Direction direction) noexcept { return lanes_[static_cast<std::size_t>(direction)]; }
  [[nodiscard]] const Lane& lane(Direction direction) const noexcept {
    return lanes_[static_cast<std::size_t>(direction)];
  }

  void take_message(Direction direction, MessageReader::Message message, TimePoint now,
                    std::vector<Seen>& seen);
  std::vector<FaultRule> met_rules(Lane& lane, std::string_view command);
  void fire(const FaultRule& rule);

  std::array<Lane, 2> lanes_;
  std::deque<std::string> unanswered_{};  // names of requests without a reply yet
  End end_ = End::none;
  std::uint64_t fired_ = 0;
};

}  // namespace redstart::inline v0::testing::detail
