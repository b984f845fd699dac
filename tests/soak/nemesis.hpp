// SPDX-License-Identifier: Apache-2.0
// nemesis.hpp: begins and ends faults according to a plan.
#pragma once

#include "checker/plan.hpp"
#include "run.hpp"
#include "stage.hpp"

#include <redstart/testing/fault_proxy.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace redstart::soak {

/// A kind of fault and its actions. Both actions run on the thread of the nemesis; `length` is its planned
/// duration.
struct Fault {
  FaultKind kind;
  std::function<void(std::chrono::milliseconds length)> begin;
  std::function<void()> end;
};

/// Faults of the server's process and its states. `proxy` is in front of it and refuses connections while
/// there is no process.
[[nodiscard]] std::vector<Fault> server_faults(Stage& stage, testing::FaultProxy& proxy);
/// Faults of the network, which every database must survive.
[[nodiscard]] std::vector<Fault> proxy_faults(testing::FaultProxy& proxy, std::uint32_t seed);
/// Faults that only a database with `integrity` survives: replies and bytes that the server did not send.
[[nodiscard]] std::vector<Fault> integrity_faults(testing::FaultProxy& proxy, std::uint32_t seed);

/// Carries out a plan on one thread. The server may be started on that thread only, because it dies with it.
class Nemesis {
 public:
  Nemesis(Run& run, std::vector<Fault> faults) : run_(run), faults_(std::move(faults)) {}

  /// Returns at the end of the time or when the run was stopped. All faults have ended then.
  void work();

  [[nodiscard]] std::size_t count() const noexcept;
  /// How often each kind of fault has begun.
  [[nodiscard]] const std::map<std::string, std::size_t>& counts() const noexcept { return counts_; }

 private:
  struct Step {
    std::chrono::milliseconds at{0};
    std::size_t fault = 0;
    std::chrono::milliseconds length{0};
    bool begins = true;
  };

  [[nodiscard]] std::vector<Step> steps() const;
  void carry_out(const Step& step);
  void report_progress(std::chrono::milliseconds at);

  Run& run_;
  std::vector<Fault> faults_;
  std::map<std::string, std::size_t> counts_{};
  std::map<std::size_t, std::size_t> begun_{};  // active faults
  std::chrono::milliseconds next_report_{std::chrono::seconds{10}};
};

}  // namespace redstart::soak
