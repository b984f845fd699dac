// SPDX-License-Identifier: Apache-2.0
// event_reports.hpp: emits the events of one database and limits the frequent ones.
#pragma once

#include "../observe/limited_reports.hpp"

#include <redstart/commands/operation_id.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>
#include <redstart/observe/event.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace redstart::inline v0::pool {

/// Emits the events of one database. Failed and slow calls may be many: for each error code, and for each
/// slow command, the first is reported, then one per 10 s.
///
/// Thread safety: full. Listeners are called without a lock.
class EventReports {
 public:
  /// `listener` may be null. `endpoint`: for events that concern no single server.
  EventReports(std::shared_ptr<EventListener> listener, std::string database, std::string endpoint);

  /// True if events are received.
  [[nodiscard]] bool listens() const noexcept { return listener_ != nullptr; }
  /// Emits an event. Its database is this one; without an endpoint it names the configured one.
  void emit(Event event) const noexcept;

  /// Counts a failed call. Returns how many calls of that code a report now represents; 0: none is due.
  [[nodiscard]] std::uint64_t failures_due(Errc code, TimePoint now) noexcept;
  /// Reports `count` failed calls, the last of which had this error after `duration`; 0: unknown. `reason`:
  /// the error word of the server.
  void operation_failed(std::string_view operation, const Error& error, std::string_view reason,
                        std::chrono::nanoseconds duration, std::uint64_t count) const noexcept;
  /// Counts and reports slow calls of one command.
  void slow(std::string_view endpoint, OperationId operation, std::uint64_t operations,
            std::chrono::nanoseconds duration, TimePoint now) noexcept;

  /// Notes calls and scoped handles that the shutdown has interrupted.
  void interrupted(std::uint64_t calls) noexcept { interrupted_.fetch_add(calls, std::memory_order_relaxed); }
  /// Reports once how the calls under way ended. `ended` false: some are still under way after the deadline.
  void shutdown_ended(bool ended) noexcept;

 private:
  const std::shared_ptr<EventListener> listener_;
  const std::string database_;
  const std::string endpoint_;
  std::mutex mutex_{};
  LimitedReports<Errc> failures_{};
  LimitedReports<OperationId> slow_{};
  std::atomic<std::uint64_t> interrupted_{0};
  std::atomic<bool> shutdown_reported_{false};
};

}  // namespace redstart::inline v0::pool
