// SPDX-License-Identifier: Apache-2.0
// state_lines.hpp: turns events into few lines about changes of state.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/observe/event.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// Decides which events a person should read when no listener was set: that a database is connected, that
/// connections are lost or can't be made, that a server is loading, that the circuit breaker opens or closes,
/// and the warnings about TLS, scoped handles and the configuration. One line per database, state and
/// interval; the events that a line stands for are counted in it. No clock, no output.
///
/// Lines hold no control characters and at most about 600 bytes.
///
/// Thread safety: none.
class StateLines {
 public:
  explicit StateLines(std::chrono::seconds interval = std::chrono::seconds{10}) noexcept
      : interval_(interval) {}

  /// The lines to write because of this event; usually none or one. The end of a shutdown gives all that were
  /// held back for its database.
  [[nodiscard]] std::vector<std::string> add(const Event& event, TimePoint now);
  /// The lines that were held back and are due now, in the order in which their last events happened.
  [[nodiscard]] std::vector<std::string> due(TimePoint now);

 private:
  // One state of one database.
  struct State {
    std::string database;
    std::string endpoint;
    std::string_view title;
    std::string detail{};
    TimePoint next{};            // when another line may be written
    std::uint64_t held = 0;      // events that no line stands for yet
    std::uint64_t last_event{};  // its place among all
  };
  // Whether a database is thought to be connected.
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
