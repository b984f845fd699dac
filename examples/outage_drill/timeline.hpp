// SPDX-License-Identifier: Apache-2.0
// timeline.hpp: the record of the drill: ends of operations, states, outages.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/observe/histogram.hpp>
#include <redstart/observe/stats.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drill {

using Clock = std::chrono::steady_clock;

/// How an operation ended.
enum class Fate : std::uint8_t { ok, not_sent, indeterminate, server_error };
inline constexpr std::size_t fates = 4;

[[nodiscard]] inline Fate fate_of(const redstart::Error& error) {
  switch (error.effect()) {
    case redstart::Effect::not_sent: return Fate::not_sent;
    case redstart::Effect::server_error: return Fate::server_error;
    case redstart::Effect::none:
    case redstart::Effect::indeterminate: break;
  }
  return Fate::indeterminate;  // an error without an effect counts as the worst
}

/// The kind of caller. Each uses other connections to the server.
enum class Caller : std::uint8_t { thread, coroutine };
inline constexpr std::size_t callers = 2;

/// A tenth of a second.
struct Slice {
  std::array<std::uint64_t, fates> ended{};
  redstart::LatencyHistogram latency{};  ///< Of operations that succeeded.
  redstart::ConnectionState state = redstart::ConnectionState::ready;
  redstart::BreakerState breaker = redstart::BreakerState::closed;
  std::optional<std::chrono::seconds> loading_eta{};

  [[nodiscard]] std::uint64_t count(Fate fate) const { return ended[static_cast<std::size_t>(fate)]; }
};

struct Outage {
  std::string name{};
  Clock::duration began{};   ///< Since the start.
  Clock::duration healed{};  ///< Since the start.
  bool over = false;
  /// From healed to the end of the first operation that was called after that and succeeded.
  std::array<std::optional<Clock::duration>, callers> back{};

  /// The later of the two; empty while one is missing.
  [[nodiscard]] std::optional<Clock::duration> everybody_back() const {
    if (!back[0] || !back[1]) return std::nullopt;
    return std::max(*back[0], *back[1]);
  }
};

/// Thread safety: full.
class Timeline {
 public:
  static constexpr std::chrono::milliseconds slice{100};

  [[nodiscard]] Clock::duration age() const { return Clock::now() - start_; }

  /// An operation called at `called` has ended.
  void ended(Caller caller, Clock::time_point called, Fate fate) {
    const auto now = Clock::now();
    const std::scoped_lock lock(mutex_);
    Slice& into = at(now);
    ++into.ended[static_cast<std::size_t>(fate)];
    if (fate != Fate::ok) return;
    into.latency.add(now - called);
    if (outages_.empty() || !outages_.back().over) return;
    Outage& last = outages_.back();
    auto& back = last.back[static_cast<std::size_t>(caller)];
    if (!back && called - start_ >= last.healed) back = now - start_ - last.healed;
  }
  void saw(const redstart::DatabaseStats& stats) {
    const std::scoped_lock lock(mutex_);
    Slice& into = at(Clock::now());
    into.state = stats.state;
    into.breaker = stats.breaker;
    into.loading_eta = stats.loading_eta;
  }

  void outage_begins(std::string name) {
    const std::scoped_lock lock(mutex_);
    outages_.push_back({.name = std::move(name), .began = age()});
  }
  void healed() {
    const std::scoped_lock lock(mutex_);
    outages_.back().healed = age();
    outages_.back().over = true;
  }

  /// Whether both kinds of callers have succeeded since the last outage; true before the first.
  [[nodiscard]] bool everybody_back() const {
    const std::scoped_lock lock(mutex_);
    return outages_.empty() || outages_.back().everybody_back().has_value();
  }

  /// @name Copies
  ///@{
  [[nodiscard]] std::vector<Slice> slices() const {
    const std::scoped_lock lock(mutex_);
    return slices_;
  }
  [[nodiscard]] std::vector<Outage> outages() const {
    const std::scoped_lock lock(mutex_);
    return outages_;
  }
  /// The slices [first, last) together, with the state of the last one.
  [[nodiscard]] Slice sum(std::size_t first, std::size_t last) const {
    const std::scoped_lock lock(mutex_);
    Slice all;
    for (std::size_t i = first; i < last && i < slices_.size(); ++i) {
      for (std::size_t fate = 0; fate < fates; ++fate) all.ended[fate] += slices_[i].ended[fate];
      all.latency.merge(slices_[i].latency);
      all.state = slices_[i].state;
      all.breaker = slices_[i].breaker;
      all.loading_eta = slices_[i].loading_eta;
    }
    return all;
  }
  ///@}

 private:
  Slice& at(Clock::time_point now) {
    const auto index = static_cast<std::size_t>((now - start_) / slice);
    while (slices_.size() <= index) {  // states last until they are seen to change
      Slice next;
      if (!slices_.empty()) {
        next.state = slices_.back().state;
        next.breaker = slices_.back().breaker;
      }
      slices_.push_back(next);
    }
    return slices_[index];
  }

  Clock::time_point start_ = Clock::now();
  mutable std::mutex mutex_{};
  std::vector<Slice> slices_{};
  std::vector<Outage> outages_{};
};

}  // namespace drill
