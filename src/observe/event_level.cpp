// SPDX-License-Identifier: Apache-2.0
// event_level.cpp: decides how severe an event is.
#include <redstart/observe/event.hpp>
#include <redstart/resilience/breaker_state.hpp>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

namespace {

bool is_any_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Returns the severity of the event where that depends on more than its kind.
std::optional<EventLevel> special_level(const Event& event) noexcept {
  if (event.kind == EventKind::disconnected &&
      is_any_of(event.reason, {"lost", "timeout", "protocol", "desync", "role", "credentials"}))
    return EventLevel::warning;
  if (event.kind == EventKind::connected && event.count.value_or(0) != 0) return EventLevel::info;
  if (event.kind == EventKind::loading && event.to == "ready") return EventLevel::info;
  if (event.kind == EventKind::circuit_changed &&
      !is_any_of(event.to, {to_string(BreakerState::open), to_string(BreakerState::forced_open)}))
    return EventLevel::info;
  return std::nullopt;
}

}  // namespace

EventLevel level_of(const Event& event) noexcept {
  const EventKindInfo* const row = event_info(event.kind);
  return special_level(event).value_or(row != nullptr ? row->level : EventLevel::error);
}

}  // namespace redstart::inline v0
