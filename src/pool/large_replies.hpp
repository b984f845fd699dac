// SPDX-License-Identifier: Apache-2.0
// large_replies.hpp: remembers which commands had large replies.
#pragma once

#include <redstart/core/clock.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0::pool {

/// A bounded table of commands whose last reply was large, each known by its name and first argument, usually
/// a key. The next such command gets a connection of its own, so that the small replies of other callers do
/// not wait behind it.
///
/// An entry ends `remembered_for` after its last large reply, or after `small_replies` small ones since then.
/// A full table drops the entry that would end first. Two commands with equal hashes share an entry.
///
/// Thread safety: full. If two threads write at once, an entry may be lost; it returns with the next large
/// reply. Cost of `expects`: one relaxed load while no entry exists.
class LargeReplies {
 public:
  static constexpr std::chrono::seconds remembered_for{60};
  static constexpr std::uint32_t small_replies = 8;
  static constexpr std::size_t capacity = 64;

  LargeReplies() = default;
  LargeReplies(const LargeReplies&) = delete;
  LargeReplies& operator=(const LargeReplies&) = delete;

  /// True if the reply to the first command in `encoded` is probably large.
  [[nodiscard]] bool expects(std::string_view encoded, TimePoint now) const noexcept {
    if (now.time_since_epoch().count() >= last_end_.load(std::memory_order_relaxed)) [[likely]]
      return false;
    return find(identity_of(encoded), now) != nullptr;
  }
  /// Reads the clock only if an entry has existed.
  [[nodiscard]] bool expects(std::string_view encoded) const noexcept {
    if (last_end_.load(std::memory_order_relaxed) == 0) [[likely]]
      return false;
    return expects(encoded, Clock::now());
  }
  /// The reply to the first command in `encoded` was large.
  void large_reply(std::string_view encoded, TimePoint now) noexcept;
  /// The reply to the first command in `encoded` was not large.
  void small_reply(std::string_view encoded, TimePoint now) noexcept;

 private:
  struct Entry {
    std::atomic<std::uint64_t> command{0};  // 0: none
    std::atomic<Clock::rep> end{0};
    std::atomic<std::uint32_t> small{0};  // small replies since the last large one
  };
  static constexpr std::size_t ways = 4;  // an entry is in one of these places, chosen by its hash

  // A hash of the name and the first argument; 0 if `encoded` is no command.
  [[nodiscard]] static std::uint64_t identity_of(std::string_view encoded) noexcept;
  [[nodiscard]] static std::size_t first_place(std::uint64_t command) noexcept {
    return (command >> 32) % (capacity / ways) * ways;  // the lowest bit is always set
  }
  [[nodiscard]] const Entry* find(std::uint64_t command, TimePoint now) const noexcept;

  std::atomic<Clock::rep> last_end_{0};  // no entry ends later
  std::array<Entry, capacity> entries_{};
};

}  // namespace redstart::inline v0::pool
