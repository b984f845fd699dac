// SPDX-License-Identifier: Apache-2.0
// fault_link.hpp: both directions of one connection through a proxy, with the rules that break it.
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

/// Decides what becomes of the bytes of one connection. Knows no sockets and no clock.
class FaultLink {
 public:
  /// How the connection is to be ended.
  enum class End : std::uint8_t {
    none,
    reset,  // RST on both sides
    close,  // in order on both sides
  };

  /// A request or reply that has come.
  struct Seen {
    Direction direction = Direction::to_client;
    std::uint64_t number = 0;
    std::string command{};
  };

  explicit FaultLink(std::uint64_t seed) : lanes_{Lane(seed), Lane(seed + 0x9e3779b97f4a7c15U)} {}

  void add(const FaultRule& rule);
  void heal(TimePoint now);
  void release() noexcept;

  /// Takes bytes of the sender. Whole messages among them are appended to `seen`.
  void receive(Direction direction, std::string_view bytes, TimePoint now, std::vector<Seen>& seen);
  /// The sender has closed in order.
  void receive_end(Direction direction, TimePoint now);
  /// The sender's connection is broken.
  void receive_reset(Direction direction) noexcept { lane(direction).broken = true; }

  /// What may be sent now; carries out what is due before. Empty where nothing may.
  std::string_view ready(Direction direction, TimePoint now);
  void sent(Direction direction, std::size_t size, TimePoint now) { lane(direction).pipe.sent(size, now); }
  /// True once: the receiver is to be told that no more comes.
  bool take_end(Direction direction) { return lane(direction).pipe.take_end(); }

  [[nodiscard]] bool wants_read(Direction direction) const noexcept {
    const Lane& from = lane(direction);
    return !from.broken && from.pipe.wants_read();
  }
  /// How the connection ends, as far as is decided.
  [[nodiscard]] End end() const noexcept;
  [[nodiscard]] bool both_ended() const noexcept { return lanes_[0].pipe.ended() && lanes_[1].pipe.ended(); }
  [[nodiscard]] std::optional<TimePoint> next_time(TimePoint now) const;
  /// Faults that took effect.
  [[nodiscard]] std::uint64_t fired() const noexcept { return fired_; }

 private:
  struct MessageRule {
    FaultRule rule{};
    std::uint64_t after = 0;  // messages up to this number do not count
    std::uint64_t met = 0;    // that did
  };
  struct Lane {
    explicit Lane(std::uint64_t seed) : pipe(seed) {}
    FaultPipe pipe;
    MessageReader reader{};
    std::vector<MessageRule> rules{};
    std::optional<std::string> swapped{};  // goes after the next message
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
  std::deque<std::string> unanswered_{};  // names of the requests that the server owes replies to
  End end_ = End::none;
  std::uint64_t fired_ = 0;
};

}  // namespace redstart::inline v0::testing::detail
