// SPDX-License-Identifier: Apache-2.0
// nemesis.hpp: breaks things and mends them again, as the plan says.
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

/// A kind of fault, and how to do it. Both run on the nemesis' thread; `length` is how long it will last.
struct Fault {
  FaultKind kind;
  std::function<void(std::chrono::milliseconds length)> begin;
  std::function<void()> end;
};

/// The faults of the server's process and of its states. `proxy` stands before it and refuses connections
/// while there is no process.
[[nodiscard]] std::vector<Fault> server_faults(Stage& stage, testing::FaultProxy& proxy);
/// The faults of the network, which every database has to bear.
[[nodiscard]] std::vector<Fault> proxy_faults(testing::FaultProxy& proxy, std::uint32_t seed);
/// What only a database with `integrity` can bear: replies and bytes that the server did not send so.
[[nodiscard]] std::vector<Fault> integrity_faults(testing::FaultProxy& proxy, std::uint32_t seed);

/// Carries out a plan. One thread: the one that the server may be started on, since it dies with that.
class Nemesis {
 public:
  Nemesis(Run& run, std::vector<Fault> faults) : run_(run), faults_(std::move(faults)) {}

  /// Returns when the time is over, or the run was stopped; everything is mended then.
  void work();

  [[nodiscard]] std::size_t count() const noexcept;
  /// How often each kind has been done.
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
  std::map<std::size_t, std::size_t> begun_{};  // faults under way
  std::chrono::milliseconds next_report_{std::chrono::seconds{10}};
};

}  // namespace redstart::soak
