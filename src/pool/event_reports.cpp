// SPDX-License-Identifier: Apache-2.0
// event_reports.cpp: composes the events of failed calls, slow calls and shutdowns.
#include "event_reports.hpp"

#include "../observe/deliver.hpp"

#include <exception>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

std::string since_last_report(std::uint64_t count) {
  return count > 1 ? " (" + std::to_string(count) + " since the last report)" : std::string();
}

}  // namespace

EventReports::EventReports(std::shared_ptr<EventListener> listener, std::string database,
                           std::string endpoint)
    : listener_(std::move(listener)), database_(std::move(database)), endpoint_(std::move(endpoint)) {}

void EventReports::emit(Event event) const noexcept {
  if (!listener_) return;
  event.database = database_;
  if (event.endpoint.empty()) event.endpoint = endpoint_;
  deliver(*listener_, event);
}

std::uint64_t EventReports::failures_due(Errc code, TimePoint now) noexcept try {
  if (!listener_) return 0;
  const std::scoped_lock lock(mutex_);
  return failures_.add(code, 1, now);
} catch (const std::exception&) {
  return 0;  // no memory for the entry
}

void EventReports::operation_failed(std::string_view operation, const Error& error, std::string_view reason,
                                    std::chrono::nanoseconds duration, std::uint64_t count) const noexcept
    try {
  const ErrorInfo& info = error.info();
  const std::string text = error.what() + since_last_report(count);
  Event event{.kind = EventKind::operation_failed, .endpoint = info.endpoint, .detail = text};
  event.operation = operation;
  event.error = info.code;
  event.outcome = info.effect;
  event.reason = reason;
  event.count = count;
  if (duration.count() != 0) event.duration = duration;
  emit(event);
} catch (const std::exception&) {
  // Without memory, the event is lost.
}

void EventReports::slow(std::string_view endpoint, OperationId operation, std::uint64_t operations,
                        std::chrono::nanoseconds duration, TimePoint now) noexcept try {
  if (!listener_) return;
  std::uint64_t count = 0;
  {
    const std::scoped_lock lock(mutex_);
    count = slow_.add(operation, operations, now);
  }
  if (count == 0) return;
  const std::string_view name = operation_name(operation);
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  const std::string text =
      std::string(name) + " took " + std::to_string(time.count()) + " ms" + since_last_report(count);
  emit({.kind = EventKind::slow_command,
        .endpoint = endpoint,
        .detail = text,
        .operation = name,
        .count = count,
        .duration = duration});
} catch (const std::exception&) {
  // Without memory, the event is lost.
}

void EventReports::shutdown_ended(bool ended) noexcept try {
  if (shutdown_reported_.exchange(true, std::memory_order_relaxed)) return;
  const std::uint64_t count = interrupted_.load(std::memory_order_relaxed);
  if (ended && count == 0) return emit({.kind = EventKind::shutdown_succeeded});
  std::string text = count == 1 ? std::string("1 call or scoped handle was")
                                : std::to_string(count) + " calls or scoped handles were";
  text += " still under way at the deadline";
  if (!ended)
    text += ", and some have not ended yet: the executor does not run, or a handler does not return";
  emit({.kind = EventKind::shutdown_failed, .detail = text, .count = count});
} catch (const std::exception&) {
  // Without memory, the event is lost.
}

}  // namespace redstart::inline v0::pool
