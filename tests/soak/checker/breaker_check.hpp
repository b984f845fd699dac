// SPDX-License-Identifier: Apache-2.0
// breaker_check.hpp: what may be seen of circuit breaker and backoff from outside (I10, I11).
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

/// I10: the states that may follow each other where nobody forces one. `change` is the text of the event:
/// `from -> to: why`.
inline void check_breaker_change(std::string_view change, Violations& into) {
  constexpr std::pair<std::string_view, std::string_view> legal[] = {
      {"closed", "open"}, {"open", "half_open"}, {"half_open", "open"}, {"half_open", "closed"}};
  for (const auto& [from, to] : legal)
    if (change.starts_with(std::string(from) + " -> " + std::string(to) + ":")) return;
  into.add("I10", "the circuit breaker changed so: " + std::string(change.substr(0, 100)));
}

/// I11: however often it fails, connecting is tried at the pace of the policy: a first attempt of every
/// connection, then one at a time, 50 ms apart and more, soon between 50 and 500 ms. Fed with each pool's
/// counts as they grow. One thread.
class AttemptWatch {
 public:
  /// Failures that are allowed within a second: while it is the first second without a connection, and later.
  AttemptWatch(std::uint64_t at_first, std::uint64_t later) : at_first_(at_first), later_(later) {}

  /// `ready`: connections that became ready so far. The first after failures begins anew.
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
    into.add("I11", std::to_string(failures - first.failures) + " attempts to connect " + database +
                        " failed within a second, " + std::to_string(most) + " are allowed" +
                        (later ? " after the first second" : ""));
    pool.samples = {{now, failures}};  // told once
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
