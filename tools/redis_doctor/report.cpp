// SPDX-License-Identifier: Apache-2.0
// report.cpp: names of steps, the first finding and the exit code.
#include "report.hpp"

#include <algorithm>
#include <utility>

namespace redstart::doctor {

namespace {

std::optional<Finding> first_of(const Report& report, StepState state, bool required_only) {
  if (report.configuration.state == state) return Finding{nullptr, &report.configuration};
  for (const DatabaseReport& database : report.databases) {
    if (required_only && !database.required) continue;
    for (const Step& step : database.steps)
      if (step.state == state) return Finding{&database, &step};
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(StepId id) noexcept {
  switch (id) {
    case StepId::configuration: return "configuration";
    case StepId::resolve: return "resolve";
    case StepId::connect: return "connect";
    case StepId::tls: return "tls";
    case StepId::handshake: return "handshake";
    case StepId::authentication: return "authentication";
    case StepId::ready: return "ready";
    case StepId::role: return "role";
    case StepId::latency: return "latency";
    case StepId::memory: return "memory";
    case StepId::clients: return "clients";
    case StepId::evictions: return "evictions";
  }
  return "unknown";
}

std::string_view to_string(StepState state) noexcept {
  switch (state) {
    case StepState::ok: return "ok";
    case StepState::skipped: return "skipped";
    case StepState::unknown: return "unknown";
    case StepState::warning: return "warning";
    case StepState::failed: return "failed";
  }
  return "unknown";
}

Step make_step(StepId id, StepState state, std::string summary) {
  return {id, state, std::move(summary), {}, {}, {}};
}

void warn(Step& step, std::string remedy, std::string_view entry) {
  step.state = StepState::warning;
  step.remedy = std::move(remedy);
  step.runbook = "docs/runbook.md#" + std::string(entry);
}

std::optional<Finding> first_finding(const Report& report) {
  for (const StepState state : {StepState::failed, StepState::warning})
    for (const bool required_only : {true, false})
      if (const auto found = first_of(report, state, required_only)) return found;
  return std::nullopt;
}

std::size_t count(const Report& report, StepState state) {
  std::size_t n = report.configuration.state == state ? 1 : 0;
  for (const DatabaseReport& database : report.databases)
    n += static_cast<std::size_t>(std::count_if(database.steps.begin(), database.steps.end(),
                                                [state](const Step& step) { return step.state == state; }));
  return n;
}

StepState verdict(const DatabaseReport& database) {
  StepState worst = StepState::ok;
  for (const Step& step : database.steps)
    if (step.state >= StepState::warning) worst = std::max(worst, step.state);
  return worst;
}

int exit_code(const Report& report) {
  if (!report.faults.empty()) return ExitCode::configuration;
  if (count(report, StepState::failed) != 0) return ExitCode::fault;
  return count(report, StepState::warning) != 0 ? ExitCode::warnings : ExitCode::ok;
}

}  // namespace redstart::doctor
