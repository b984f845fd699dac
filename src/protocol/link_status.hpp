// SPDX-License-Identifier: Apache-2.0
// link_status.hpp: the part of a link that other threads may read.
#pragma once

#include <redstart/core/clock.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace redstart::inline v0::protocol {

enum class LinkState : std::uint8_t { closed, opening, ready };

/// How much a link holds. Values read on another thread may be slightly outdated.
struct LinkLoad {
  std::size_t operations = 0;
  std::size_t bytes = 0;
  /// Tombstones: operations that were given up after they had been sent, and whose replies are due.
  std::size_t given_up = 0;
};

/// The part of a link that other threads may read. The functions that change it run on the link's loop,
/// except `submitted` and `rejected`.
///
/// Thread safety: full.
class LinkStatus {
 public:
  // Operations: submitted by other threads, submitted on the loop, and ended.
  void submitted(std::size_t bytes) noexcept {
    remote_operations_.fetch_add(1, std::memory_order_relaxed);
    remote_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void submitted_on_loop(std::size_t bytes) noexcept {
    add(local_operations_, 1);
    add(local_bytes_, bytes);
  }
  void ended(std::size_t bytes) noexcept {
    add(ended_operations_, 1);
    add(ended_bytes_, bytes);
  }
  /// An operation ended after the link had stopped. On every thread.
  void rejected(std::size_t bytes) noexcept {
    ended_operations_.fetch_add(1, std::memory_order_relaxed);
    ended_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  [[nodiscard]] LinkLoad load() const noexcept {
    // Read the ended ones first, so that the difference does not become negative.
    const std::uint64_t ended = read(ended_operations_);
    const std::uint64_t ended_bytes = read(ended_bytes_);
    return {left(read(remote_operations_) + read(local_operations_), ended),
            left(read(remote_bytes_) + read(local_bytes_), ended_bytes), given_up()};
  }

  [[nodiscard]] LinkState state() const noexcept { return state_.load(std::memory_order_seq_cst); }
  void state(LinkState state) noexcept { state_.store(state, std::memory_order_seq_cst); }

  [[nodiscard]] std::size_t given_up() const noexcept { return given_up_.load(std::memory_order_relaxed); }
  void given_up(std::size_t tombstones) noexcept { given_up_.store(tombstones, std::memory_order_relaxed); }

  /// The newest sequence number in flight that has timed out; 0: none.
  [[nodiscard]] std::uint64_t overdue() const noexcept { return overdue_.load(std::memory_order_relaxed); }
  void overdue(std::uint64_t sequence) noexcept { overdue_.store(sequence, std::memory_order_relaxed); }

  [[nodiscard]] TimePoint last_used() const noexcept {
    return TimePoint(TimePoint::duration(last_used_.load(std::memory_order_relaxed)));
  }
  void used(TimePoint now) noexcept {
    last_used_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }

  /// Exclusive links: a PING must precede the next operation. Set on every thread.
  [[nodiscard]] bool check_due() const noexcept { return check_due_.load(std::memory_order_relaxed); }
  void check_due(bool due) noexcept { check_due_.store(due, std::memory_order_relaxed); }

  /// True while AUTH must not be sent, because a scoped handle has begun a transaction or has changed who the
  /// connection's user is. Set on every thread.
  [[nodiscard]] bool authentication_held() const noexcept {
    return authentication_held_.load(std::memory_order_relaxed);
  }
  void authentication_held(bool held) noexcept {
    authentication_held_.store(held, std::memory_order_relaxed);
  }

 private:
  using Count = std::atomic<std::uint64_t>;
  // For counters that only one thread writes.
  static void add(Count& count, std::uint64_t n) noexcept {
    count.store(count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] static std::uint64_t read(const Count& count) noexcept {
    return count.load(std::memory_order_relaxed);
  }
  [[nodiscard]] static std::size_t left(std::uint64_t all, std::uint64_t gone) noexcept {
    return all < gone ? std::size_t{0} : static_cast<std::size_t>(all - gone);
  }

  Count remote_operations_{0};
  Count remote_bytes_{0};
  Count local_operations_{0};
  Count local_bytes_{0};
  Count ended_operations_{0};
  Count ended_bytes_{0};
  std::atomic<LinkState> state_{LinkState::closed};
  std::atomic<bool> check_due_{false};
  std::atomic<bool> authentication_held_{false};
  std::atomic<std::size_t> given_up_{0};
  std::atomic<std::uint64_t> overdue_{0};
  std::atomic<Clock::rep> last_used_{0};
};

}  // namespace redstart::inline v0::protocol
