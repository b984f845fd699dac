// SPDX-License-Identifier: Apache-2.0
// breaker_check.hpp: checks circuit breaker and backoff from outside (I10, I11).
#pragma once

#include "violations.hpp"

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::soak {

/// I10: the transitions that are legal while the breaker is not forced. `change` is the text of the event:
/// `from -> to: why`.
inline void check_breaker_change(std::string_view change, Violations& into) {
  constexpr std::pair<std::string_view, std::string_view> legal[] = {
      {"closed", "open"}, {"open", "half_open"}, {"half_open", "open"}, {"half_open", "closed"}};
  for (const auto& [from, to] : legal)
    if (change.starts_with(std::string(from) + " -> " + std::string(to) + ":")) return;
  into.add("I10", "the circuit breaker made an illegal transition: " + std::string(change.substr(0, 100)));
}

/// I11: connect attempts keep to the pace of the policy, however often they fail. Each connection makes a
/// first attempt. Then attempts are made one at a time, 50 ms apart and more, soon between 50 and 500 ms.
/// Takes the counts of each pool as they grow. One thread.
class AttemptWatch {
 public:
  /// Failures allowed within a second: in the first second without a connection, and later.
  AttemptWatch(std::uint64_t at_first, std::uint64_t later) : at_first_(at_first), later_(later) {}

  /// `ready`: connections that became ready so far. The first one after failures starts over.
  void look(const std::string& database, std::uint64_t failures, std::uint64_t ready, TimePoint now,
            Violations& into) {
    Pool& pool = pools_[database];
    if (ready != pool.ready) pool = {{}, {}, ready, failures};
    if (failures != pool.failures && !pool.failing_since) pool.failing_since = now;
    pool.failures = failures;
    while (!pool.samples.empty() && now - pool.samples.front().at > second) pool.samples.pop_front();
    pool.samples.push_back({now, failures});
    const Sample& first = pool.samples.front();
    const bool later = pool.failing_since && first.at >= *pool.failing_since + second;
    const std::uint64_t most = later ? later_ : at_first_;
    if (failures - first.failures <= most) return;
    into.add("I11", std::to_string(failures - first.failures) + " connect attempts to " + database +
                        " failed within a second instead of at most " + std::to_string(most) +
                        (later ? " after the first second" : ""));
    pool.samples = {{now, failures}};  // reported once
  }

 private:
  static constexpr std::chrono::seconds second{1};
  struct Sample {
    TimePoint at;
    std::uint64_t failures;
  };
  struct Pool {
    std::deque<Sample> samples{};
    std::optional<TimePoint> failing_since{};
    std::uint64_t ready = 0;
    std::uint64_t failures = 0;
  };

  std::uint64_t at_first_;
  std::uint64_t later_;
  std::map<std::string, Pool> pools_{};
};

}  // namespace redstart::soak
