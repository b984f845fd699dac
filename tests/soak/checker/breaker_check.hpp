// SPDX-License-Identifier: Apache-2.0
// breaker_check.hpp: what may be seen of circuit breaker and backoff from outside (I10, I11).
#pragma once

#include "violations.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::soak {

/// I10: the states that may follow each other where nobody forces one. `change` is the text of the event:
/// `from -> to: why`.
inline void check_breaker_change(std::string_view change, Violations& into) {
  constexpr std::pair<std::string_view, std::string_view> legal[] = {
      {"closed", "open"}, {"open", "half_open"}, {"half_open", "open"}, {"half_open", "closed"}};
  for (const auto& [from, to] : legal)
    if (change.starts_with(std::string(from) + " -> " + std::string(to) + ":")) return;
  into.add("I10", "the circuit breaker changed so: " + std::string(change.substr(0, 100)));
}

/// I11: however often it fails, connecting is not tried in a hurry. Fed with each pool's count of failed
/// attempts, as it grows. One thread.
class AttemptWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `most`: so many failures are allowed within a second.
  explicit AttemptWatch(std::uint64_t most) : most_(most) {}

  void look(const std::string& database, std::uint64_t failures, Time now, Violations& into) {
    auto& seen = seen_[database];
    while (!seen.empty() && now - seen.front().at > std::chrono::seconds(1)) seen.pop_front();
    if (!seen.empty() && failures - seen.front().failures > most_) {
      into.add("I11", std::to_string(failures - seen.front().failures) + " attempts to connect " + database +
                          " failed within a second");
      seen.clear();  // told once
    }
    seen.push_back({now, failures});
  }

 private:
  struct Sample {
    Time at;
    std::uint64_t failures;
  };

  std::uint64_t most_;
  std::map<std::string, std::deque<Sample>> seen_{};
};

}  // namespace redstart::soak
