// SPDX-License-Identifier: Apache-2.0
// plan.hpp: schedules the begin and end of each fault from a seed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace redstart::soak {

/// A kind of fault, as far as the plan needs it.
struct FaultKind {
  std::string name;
  std::chrono::milliseconds shortest{0};
  std::chrono::milliseconds longest{0};  ///< 0: it ends at once.
  /// It takes the server away or changes it as a whole: no two of these overlap.
  bool alone = true;
  /// Every caller has recovered this long after its end.
  std::chrono::milliseconds back_within{1000};
};

struct PlannedFault {
  std::size_t kind = 0;
  std::chrono::milliseconds begin{0};
  std::chrono::milliseconds end{0};
};

struct PlanTerms {
  std::uint32_t seed = 1;
  std::chrono::milliseconds duration{0};
  double faults_per_minute = 20;
  std::chrono::milliseconds quiet_every{std::chrono::minutes{1}};
  std::chrono::milliseconds quiet{std::chrono::seconds{9}};  ///< Ends each minute and the run.
};

/// True while no fault may be active and, once `settle` has passed, no operation may fail.
[[nodiscard]] inline bool is_quiet(const PlanTerms& terms, std::chrono::milliseconds at,
                                   std::chrono::milliseconds settle = std::chrono::milliseconds{0}) {
  const auto in_minute = at % terms.quiet_every;
  return in_minute >= terms.quiet_every - terms.quiet + settle || at >= terms.duration - terms.quiet + settle;
}

/// Faults at random times with that mean rate. Every kind comes once before any comes again. Each fault ends
/// before the next quiet period begins.
[[nodiscard]] inline std::vector<PlannedFault> make_plan(const PlanTerms& terms,
                                                         const std::vector<FaultKind>& kinds) {
  using std::chrono::milliseconds;
  std::vector<PlannedFault> plan;
  if (kinds.empty() || terms.faults_per_minute <= 0) return plan;
  std::mt19937 random(terms.seed);
  // The other times compensate for the quiet periods.
  const double busy = 1.0 - static_cast<double>(terms.quiet.count()) /
                                static_cast<double>(std::min(terms.quiet_every, terms.duration).count());
  std::exponential_distribution<double> gap(terms.faults_per_minute / 60'000.0 / std::max(busy, 0.1));
  std::vector<std::size_t> bag;
  milliseconds alone_until{0};
  for (double at = 1000;;) {
    at += gap(random);
    milliseconds begin(static_cast<milliseconds::rep>(at));
    if (bag.empty()) {
      for (std::size_t i = 0; i < kinds.size(); ++i) bag.push_back(i);
      std::shuffle(bag.begin(), bag.end(), random);
    }
    const std::size_t kind = bag.back();
    bag.pop_back();
    const FaultKind& what = kinds[kind];
    std::uniform_int_distribution<milliseconds::rep> length(what.shortest.count(), what.longest.count());
    const milliseconds lasts(length(random));
    if (what.alone) begin = std::max(begin, alone_until + milliseconds{300});
    while (begin < terms.duration &&
           (is_quiet(terms, begin) || is_quiet(terms, begin + lasts) || is_quiet(terms, begin + lasts / 2)))
      begin += milliseconds{100};
    if (begin + lasts >= terms.duration - terms.quiet) return plan;
    if (what.alone) alone_until = begin + lasts;
    plan.push_back({kind, begin, begin + lasts});
    at = std::max(at, static_cast<double>(begin.count()) - 500);
  }
}

}  // namespace redstart::soak
