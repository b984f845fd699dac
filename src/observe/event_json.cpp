// SPDX-License-Identifier: Apache-2.0
// event_json.cpp: writes events as JSON.
#include "utc.hpp"

#include <redstart/observe/event_json.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace redstart::inline v0 {

namespace {

using EventJson = nlohmann::ordered_json;

std::string message_of(const Event& event) {
  const EventKindInfo* const info = event_info(event.kind);
  std::string text(info != nullptr ? info->title : to_string(event.kind));
  if (!event.detail.empty()) text.append(": ").append(event.detail);
  return text;
}

void put_field(EventJson& into, const char* field, std::string_view text) {
  if (!text.empty()) into[field] = std::string(text);
}

template <class Number>
void put_field(EventJson& into, const char* field, const std::optional<Number>& number) {
  if (number) into[field] = *number;
}

void put_causes(EventJson& into, const Event& event) {
  put_field(into, "operation", event.operation);
  if (event.error) put_field(into, "error", to_string(*event.error));
  if (event.outcome) put_field(into, "outcome", to_string(*event.outcome));
  put_field(into, "reason", event.reason);
  put_field(into, "remedy", event.remedy);
  put_field(into, "from", event.from);
  put_field(into, "to", event.to);
  put_field(into, "source", event.source);
  put_field(into, "primary", event.primary);
}

void put_numbers(EventJson& into, const Event& event) {
  put_field(into, "attempt", event.attempt);
  put_field(into, "count", event.count);
  if (event.delay) into["delay_ms"] = event.delay->count();
  if (event.duration) {
    using Microseconds = std::chrono::duration<std::int64_t, std::micro>;
    const auto micro = std::chrono::duration_cast<Microseconds>(*event.duration).count();
    into["duration_ms"] = static_cast<double>(micro) / 1000;
  }
  if (event.left) into["left_seconds"] = event.left->count();
  put_field(into, "percent", event.percent);
}

void put_settings(EventJson& into, const EventSettings& settings) {
  put_field(into, "host", settings.host);
  put_field(into, "port", settings.port);
  into["db"] = settings.number;
  into["max_connections"] = settings.max_connections;
}

}  // namespace

std::string to_json(const Event& event, WallTime time) {
  EventJson json;
  json["ts"] = utc_text(time);
  put_field(json, "level", to_string(level_of(event)));
  put_field(json, "event", to_string(event.kind));
  put_field(json, "database", event.database);
  put_field(json, "endpoint", event.endpoint);
  json["message"] = message_of(event);
  put_causes(json, event);
  put_numbers(json, event);
  if (event.settings) put_settings(json, *event.settings);
  return json.dump(-1, ' ', false, EventJson::error_handler_t::replace);
}

}  // namespace redstart::inline v0
