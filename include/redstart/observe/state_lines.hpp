// SPDX-License-Identifier: Apache-2.0
// state_lines.hpp: turns events into lines on changes of state.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/observe/event.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// Selects the events that a person should read if no listener was set: connected databases, connections that
/// are lost or can't be opened, loading servers, changes of the circuit breaker, and warnings about TLS,
/// scoped handles and the configuration. One line per database, state and interval; it has the number of
/// events that it represents. No clock, no output.
///
/// Lines contain no control characters and have at most about 600 bytes.
///
/// Thread safety: none.
class StateLines {
 public:
  explicit StateLines(std::chrono::seconds interval = std::chrono::seconds{10}) noexcept
      : interval_(interval) {}

  /// Returns the lines to write because of this event, usually none or one. For the end of a shutdown,
  /// returns all lines that were held back for its database.
  [[nodiscard]] std::vector<std::string> add(const Event& event, TimePoint now);
  /// Returns the lines that were held back and are due now, in the order of their last events.
  [[nodiscard]] std::vector<std::string> due(TimePoint now);

 private:
  // One state of one database.
  struct State {
    std::string database;
    std::string endpoint;
    std::string_view title;
    std::string detail{};
    TimePoint next{};            // when the next line may be written
    std::uint64_t held = 0;      // events that no line represents yet
    std::uint64_t last_event{};  // its number among all events
  };
  // Whether the last event of a database was a connection.
  struct Link {
    std::string database;
    std::string endpoint;
    bool up = false;
  };

  [[nodiscard]] bool is_news(const Event& event);
  [[nodiscard]] State& state_of(const Event& event, std::string_view title);
  [[nodiscard]] std::string line(State& state, TimePoint now) const;
  template <class Wanted>
  std::vector<std::string> held_back(Wanted wanted, TimePoint now);

  std::chrono::seconds interval_;
  std::vector<State> states_{};
  std::vector<Link> links_{};
  std::uint64_t events_ = 0;
};

}  // namespace redstart::inline v0
