// SPDX-License-Identifier: Apache-2.0
// event_json.hpp: events as JSON, for structured logs.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/observe/event.hpp>

#include <string>

namespace redstart::inline v0 {

/// Returns an event as one JSON object on one line, without a line end:
///
///     {"ts":"2026-12-01T01:02:03.456Z","level":"warning","event":"redis.circuit.state_changed",
///      "database":"main","endpoint":"localhost:6379","message":"circuit breaker changed: closed -> open: …",
///      "reason":"no complete reply","from":"closed","to":"open"}
///
/// `docs/events.md` describes each field; names and types are stable, new fields may be added. A field that
/// the event does not have is left out. `message` is for people: the title of the kind, and `detail`.
/// `time`: when the event occurred.
///
/// Bytes that are not UTF-8 become U+FFFD.
///
/// Thread safety: full. Errors: std::bad_alloc.
[[nodiscard]] std::string to_json(const Event& event, WallTime time = std::chrono::system_clock::now());

}  // namespace redstart::inline v0
