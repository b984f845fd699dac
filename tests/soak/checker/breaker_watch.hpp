// SPDX-License-Identifier: Apache-2.0
// breaker_watch.hpp: checks what is sent while a circuit breaker rejects calls (I10).
#pragma once

#include "breaker_check.hpp"
#include "ledger.hpp"
#include "violations.hpp"

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::soak {

/// I10: while a breaker is open, no operation issued since then is sent. While it is half open, only probes
/// are sent. Takes the events and the numbers seen on the connections.
///
/// Events arrive after the change, sometimes out of order, and on a thread that may have to wait for a
/// processor. A state is therefore checked after it has ended, and operations sent shortly before its end are
/// ignored.
///
/// Thread safety: full.
class BreakerWatch {
 public:
  using LagOf = std::function<std::chrono::nanoseconds(TimePoint from, TimePoint to)>;

  static constexpr std::chrono::milliseconds grace{100};
  /// Three probes pass, each a pipeline of at most three commands. Some are cancelled, which admits the next.
  /// Without a limit there would be hundreds.
  static constexpr std::size_t most_probing = 24;

  BreakerWatch(const Ledger& ledger, Violations& into, LagOf lag = {})
      : ledger_(ledger), into_(into), lag_(std::move(lag)) {}

  /// `change` is the text of the event: `from -> to: why`.
  void changed(std::string_view database, std::string_view change, TimePoint now) {
    check_breaker_change(change, into_);
    const std::size_t arrow = change.find(" -> ");
    const std::size_t colon = change.find(':');
    if (arrow == std::string_view::npos || colon == std::string_view::npos || colon < arrow) return;
    const std::scoped_lock lock(mutex_);
    Breaker& breaker = breakers_[std::string(database)];
    breaker.untold.emplace_back(change.substr(0, arrow), change.substr(arrow + 4, colon - arrow - 4));
    for (bool moved = true; moved;) {
      moved = false;
      for (auto edge = breaker.untold.begin(); edge != breaker.untold.end() && !moved; ++edge) {
        if (edge->first != breaker.state) continue;
        leave(std::string(database), breaker, now);
        breaker.state = edge->second;
        breaker.since = now;
        breaker.untold.erase(edge);
        moved = true;
        break;
      }
    }
  }

  /// The operation with that number was sent.
  void seen(std::string_view database, std::uint32_t number, TimePoint now) {
    const std::scoped_lock lock(mutex_);
    const auto found = breakers_.find(std::string(database));
    if (found == breakers_.end()) return;  // never opened
    Breaker& breaker = found->second;
    if (breaker.state == "closed" || ledger_.issued(number) <= breaker.since) return;
    if (breaker.state == "half_open") {
      ++probes_;
      std::erase_if(breaker.probing, [this](std::uint32_t one) { return !ledger_.pending(one); });
      breaker.probing.push_back(number);
      if (breaker.probing.size() <= most_probing) return;
    }
    breaker.suspects.push_back({number, now});
  }

  /// How many operations were sent while a breaker was half open: zero would prove nothing.
  [[nodiscard]] std::size_t probes() const {
    const std::scoped_lock lock(mutex_);
    return probes_;
  }

  /// The run has ended.
  void finish(TimePoint now) {
    const std::scoped_lock lock(mutex_);
    for (auto& [database, breaker] : breakers_) leave(database, breaker, now);
  }

 private:
  struct Suspect {
    std::uint32_t number;
    TimePoint at;
  };
  struct Breaker {
    std::string state = "closed";
    TimePoint since{};
    std::vector<std::pair<std::string, std::string>> untold{};  // changes without predecessor
    std::vector<Suspect> suspects{};
    std::vector<std::uint32_t> probing{};
  };

  void leave(const std::string& database, Breaker& breaker, TimePoint now) {
    std::size_t wrong = 0;
    std::uint32_t first = 0;
    for (const Suspect& one : breaker.suspects) {
      if (now - one.at <= grace) continue;
      if (lag_ && now - one.at <= grace + 3 * lag_(one.at, now)) continue;
      if (wrong++ == 0) first = one.number;
    }
    if (wrong != 0)
      into_.add("I10", std::to_string(wrong) + " operations went out to " + database +
                           " while its breaker was " + breaker.state + ", the first of them " +
                           marked(first));
    breaker.suspects.clear();
    breaker.probing.clear();
  }

  const Ledger& ledger_;
  Violations& into_;
  const LagOf lag_;
  mutable std::mutex mutex_{};
  std::map<std::string, Breaker> breakers_{};
  std::size_t probes_ = 0;
};

}  // namespace redstart::soak
