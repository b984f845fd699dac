// SPDX-License-Identifier: Apache-2.0
// timing_wheel.hpp: finds expired deadlines without sorting and without a clock.
#pragma once

#include <redstart/core/clock.hpp>

#include <boost/intrusive/list.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace redstart::inline v0::protocol {

/// Holds nodes with deadlines from a millisecond to years ahead. Insertion and removal cost the same few
/// instructions, however many nodes there are. A node that is removed long before its deadline never moves.
///
/// Deadlines are kept in ticks of 2^20 ns (about 1 ms). A node never expires early, and at most two ticks
/// late. There are six levels of eight slots. A slot is eight times as long as one of the level below. When
/// time reaches a slot, its nodes move to finer ones. Deadlines beyond all levels (four and a half minutes)
/// are examined once in that time.
///
/// `Hook` is the list hook of a node, `Deadline` its deadline, which must not change while the node is in the
/// wheel.
///
/// Thread safety: none. Allocates nothing.
template <class Node, auto Hook, auto Deadline>
class TimingWheel {
 public:
  TimingWheel() = default;
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The time at which a node with that deadline expires.
  [[nodiscard]] static TimePoint expiry(TimePoint deadline) noexcept { return time_of(tick_after(deadline)); }

  /// Preconditions: `now` is not before the last `advance`; the node is in no wheel.
  void insert(Node& node, TimePoint now) noexcept {
    if (size_ == 0) base_ = tick_of(now);
    ++size_;
    place(node);
  }
  /// Preconditions: the node is in this wheel.
  void erase(Node& node) noexcept {
    --size_;
    // Any list can erase the node, because lists keep no count.
    beyond_.erase(List::s_iterator_to(node));
  }

  /// A time before which nothing expires, never before the last `advance`; `TimePoint::max()` if it is empty.
  /// Right after `advance` it is exact to the length of a slot.
  [[nodiscard]] TimePoint next() noexcept { return size_ == 0 ? (TimePoint::max)() : time_of(next_event()); }

  /// Removes all nodes that have expired by `now` and passes them to `take(node)`, which may erase other
  /// nodes but insert none.
  template <class Take>
  void advance(TimePoint now, Take take) {
    const std::uint64_t target = tick_of(now);
    while (base_ < target) {
      const std::uint64_t event = size_ == 0 ? target : next_event();
      if (event > target || size_ == 0) {
        base_ = target;
        return;
      }
      base_ = event;
      List reached;
      collect(reached);
      while (!reached.empty()) {
        Node& node = reached.front();
        reached.pop_front();
        if (tick_after(node.*Deadline) > base_) {
          place(node);
          continue;
        }
        --size_;
        take(node);
      }
    }
  }

 private:
  using List = boost::intrusive::list<
      Node,
      boost::intrusive::member_hook<Node, std::remove_cvref_t<decltype(std::declval<Node&>().*Hook)>, Hook>,
      boost::intrusive::constant_time_size<false>>;

  static constexpr unsigned tick_bits = 20;  // of nanoseconds
  static constexpr unsigned slot_bits = 3;
  static constexpr unsigned slot_count = 1U << slot_bits;
  static constexpr unsigned levels = 6;
  static constexpr std::uint64_t span = std::uint64_t{1} << (slot_bits * levels);

  [[nodiscard]] static std::uint64_t tick_of(TimePoint time) noexcept {
    return static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count()) >>
           tick_bits;
  }
  // The first tick that starts after it.
  [[nodiscard]] static std::uint64_t tick_after(TimePoint time) noexcept { return tick_of(time) + 1; }
  [[nodiscard]] static TimePoint time_of(std::uint64_t tick) noexcept {
    return TimePoint(std::chrono::nanoseconds(static_cast<std::int64_t>(tick << tick_bits)));
  }
  [[nodiscard]] static unsigned digit(std::uint64_t tick, unsigned level) noexcept {
    return static_cast<unsigned>(tick >> (slot_bits * level)) & (slot_count - 1);
  }

  // A node's level is the highest digit in which its tick differs from `base_`; there it is the greater one.
  void place(Node& node) noexcept {
    std::uint64_t tick = tick_after(node.*Deadline);
    if (tick <= base_) tick = base_ + 1;  // in the past: it expires with the next tick
    const std::uint64_t difference = tick ^ base_;
    if (difference >= span) {
      beyond_.push_back(node);
      return;
    }
    const unsigned level = (static_cast<unsigned>(std::bit_width(difference)) - 1) / slot_bits;
    const unsigned slot = digit(tick, level);
    slots_[level][slot].push_back(node);
    occupied_[level] = static_cast<std::uint8_t>(occupied_[level] | (1U << slot));
  }

  // The start of the first slot that is not empty. The finest level comes first, because its nodes expire
  // before those of a coarser one.
  [[nodiscard]] std::uint64_t next_event() noexcept {
    for (unsigned level = 0; level < levels; ++level) {
      while (occupied_[level] != 0) {
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        if (!slots_[level][slot].empty()) {
          const std::uint64_t above = base_ >> (slot_bits * (level + 1)) << (slot_bits * (level + 1));
          return above + (std::uint64_t{slot} << (slot_bits * level));
        }
        occupied_[level] = static_cast<std::uint8_t>(occupied_[level] & ~(1U << slot));
      }
    }
    return (base_ / span + 1) * span;
  }

  // Moves the nodes of slots that start at `base_` to `into`.
  void collect(List& into) noexcept {
    for (unsigned level = 0; level < levels; ++level) {
      const unsigned slot = digit(base_, level);
      into.splice(into.end(), slots_[level][slot]);
      occupied_[level] = static_cast<std::uint8_t>(occupied_[level] & ~(1U << slot));
      if (slot != 0) return;
    }
    into.splice(into.end(), beyond_);
  }

  List slots_[levels][slot_count];
  List beyond_;
  std::uint64_t base_ = 0;  // the tick up to which all nodes were removed
  std::size_t size_ = 0;
  std::uint8_t occupied_[levels] = {};  // may be set for a slot that was emptied by erase
};

}  // namespace redstart::inline v0::protocol
