// SPDX-License-Identifier: Apache-2.0
// link_context.hpp: settings and state in common of the parts of a link core.
#pragma once

#include "../config/live_settings.hpp"
#include "admission.hpp"
#include "link_status.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0::protocol {

enum class LinkKind : std::uint8_t {
  shared,     ///< A sent operation that is cancelled or late leaves a tombstone.
  exclusive,  ///< A sent operation that is cancelled or late closes the connection.
};

/// Settings and state that the parts of a `LinkCore` have in common. Lifetimes: configuration and status
/// outlive the core.
struct LinkContext {
  const LiveSettings& settings;
  const bool integrity;
  const LinkKind kind;
  /// How long a peer may send nothing while a reply is due.
  const std::chrono::milliseconds silence;
  LinkStatus& status;
  Admission* admission;          ///< Null after `LinkCore::detach`.
  const engine::Origin& origin;  ///< Of all replies.

  TimePoint now{};                         ///< The turn's reading of the clock.
  TimePoint wake_time = TimePoint::max();  ///< The earliest time for which this turn needs the timer.
  /// Set: the connection closes for this reason once nothing is in flight, and nothing more is sent.
  std::optional<CloseReason> retiring{};

  /// The settings that a reload may change.
  [[nodiscard]] const DatabaseConfig& config() const noexcept { return settings.now(); }
  /// The timer must expire at `time` at the latest.
  void wake_by(TimePoint time) noexcept {
    if (time < wake_time) wake_time = time;
  }
  void retire(CloseReason reason) noexcept {
    if (status.state() == LinkState::ready && !retiring) retiring = reason;
  }
};

}  // namespace redstart::inline v0::protocol
