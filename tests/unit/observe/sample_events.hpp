// SPDX-License-Identifier: Apache-2.0
// sample_events.hpp: an event that has every field.
#pragma once

#include <redstart/observe/event.hpp>

#include <chrono>

namespace redstart::test {

/// An event that has every field, unlike any of the library.
inline Event event_with_all_fields() {
  using namespace std::chrono_literals;
  Event event{.kind = EventKind::retrying,
              .database = "main",
              .endpoint = "localhost:6379",
              .detail = "GET: attempt 2 in 13 ms: lost"};
  event.operation = "GET";
  event.error = Errc::connection_lost;
  event.outcome = Effect::not_sent;
  event.reason = "lost";
  event.remedy = "See the server's log";
  event.from = "closed";
  event.to = "open";
  event.source = "shop.cpp:42";
  event.primary = "10.0.0.2:6379";
  event.attempt = 2;
  event.count = 34;
  event.delay = 13ms;
  event.duration = 1'234'567ns;
  event.left = 12s;
  event.percent = 37;
  event.settings = EventSettings{.host = "localhost", .port = 6379, .number = 3, .max_connections = 50};
  return event;
}

}  // namespace redstart::test
