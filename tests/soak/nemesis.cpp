// SPDX-License-Identifier: Apache-2.0
// nemesis.cpp: runs the steps of a plan at their times.
#include "nemesis.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <thread>

namespace redstart::soak {

using namespace std::chrono_literals;

std::vector<Nemesis::Step> Nemesis::steps() const {
  std::vector<FaultKind> plannable;
  for (const Fault& fault : faults_) plannable.push_back(fault.kind);
  std::vector<Step> all;
  for (const PlannedFault& fault : make_plan(run_.terms, plannable)) {
    all.push_back({fault.begin, fault.kind, fault.end - fault.begin, true});
    all.push_back({fault.end, fault.kind, fault.end - fault.begin, false});
  }
  std::stable_sort(all.begin(), all.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
  return all;
}

void Nemesis::work() {
  const auto wait_until = [this](std::chrono::milliseconds at) {
    while (!run_.stopping() && run_.age() < at) {
      std::this_thread::sleep_for(std::clamp(at - run_.age(), 1ms, 50ms));
      report_progress(run_.age());
    }
  };
  for (const Step& step : steps()) {
    if (step.begins || !run_.stopping()) wait_until(step.at);
    if (run_.stopping() && step.begins) continue;  // faults that have begun are still ended
    carry_out(step);
  }
  wait_until(run_.terms.duration);
  run_.recovery.disturbed(Clock::now());  // callers that have not recovered yet
}

void Nemesis::carry_out(const Step& step) {
  const Fault& fault = faults_[step.fault];
  if (run_.options().verbose)
    std::cout << std::setw(8) << run_.age().count() << " ms  " << (step.begins ? "" : "healed: ")
              << fault.kind.name << std::endl;
  if (step.begins) {
    run_.calm.broke();
    ++begun_[step.fault];
    ++counts_[fault.kind.name];
    run_.recovery.disturbed(Clock::now());
    fault.begin(step.length);
  } else if (begun_[step.fault] != 0) {
    --begun_[step.fault];
    fault.end();
    if (run_.calm.mended(Clock::now()) == 0)
      run_.recovery.healed(Clock::now(), fault.kind.name, fault.kind.back_within);
  }
}

void Nemesis::report_progress(std::chrono::milliseconds at) {
  if (at < next_report_) return;
  next_report_ = at + 10s;
  std::cout << std::setw(5) << at / 1s << " s  " << std::setw(9) << run_.completed() << " operations, "
            << run_.completed(Outcome::indeterminate) << " indeterminate, " << count() << " faults, "
            << run_.violations.count() << " violations" << std::endl;
}

std::size_t Nemesis::count() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, n] : counts_) sum += n;
  return sum;
}

}  // namespace redstart::soak
