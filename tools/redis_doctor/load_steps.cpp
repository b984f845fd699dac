// SPDX-License-Identifier: Apache-2.0
// load_steps.cpp: steps about latency, memory, clients and evictions.
#include "examination.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <utility>

namespace redstart::doctor {

namespace {

Step ok(StepId id, std::string summary) { return make_step(id, StepState::ok, std::move(summary)); }

Step not_reported(StepId id) {
  Step step = make_step(id, StepState::unknown, "the server did not report it");
  step.remedy = "Grant the user `+info`";
  step.runbook = "docs/runbook.md#noperm";
  return step;
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string percent(double part) { return std::to_string(std::lround(part * 100)) + " %"; }

bool is_full(const ServerFacts& server, const Bounds& bounds) {
  return share(server.memory, server.maximum_memory) >= bounds.memory;
}

// With a policy for all keys, the server always finds a key to evict.
bool evicts_any_key(const ServerFacts& server) { return server.memory_policy.starts_with("allkeys-"); }

Step unmeasured(const Samples& samples) {
  Step step = ok(StepId::latency, "not measured");
  if (!samples.error) {
    step.state = StepState::skipped;
    return step;
  }
  if (samples.error->code() != Errc::server_error) return failed_step(StepId::latency, *samples.error);
  // The refusal itself is the finding of another step.
  step.state = StepState::unknown;
  step.summary = "PING was refused: " + samples.error->info().server;
  return step;
}

Step latency(const Samples& samples, const Bounds& bounds) {
  if (samples.times.empty()) return unmeasured(samples);
  const auto p50 = percentile(samples.times, 0.5);
  const auto p95 = percentile(samples.times, 0.95);
  const auto most = percentile(samples.times, 1);
  Step step = ok(StepId::latency, "PING p50 " + time_text(p50) + ", p95 " + time_text(p95) + ", max " +
                                      time_text(most) + " of " + std::to_string(samples.times.size()));
  step.facts = {{"p50_ms", milliseconds(p50)},
                {"p95_ms", milliseconds(p95)},
                {"max_ms", milliseconds(most)},
                {"samples", std::uint64_t{samples.times.size()}},
                {"lost", std::uint64_t{samples.asked - samples.times.size()}}};
  if (samples.error) {
    const Step lost = failed_step(StepId::latency, *samples.error);
    step.summary += ", then no reply: " + lost.summary;
    step.state = StepState::failed;
    step.remedy = lost.remedy;
    step.runbook = lost.runbook;
  } else if (p95 > bounds.latency) {
    warn(step,
         "Find out what delays the server: SLOWLOG GET, LATENCY DOCTOR, redis-cli --latency from this "
         "machine; "
         "or move the service closer",
         "latency");
  }
  return step;
}

void judge_fragmentation(Step& step, const ServerFacts& server, const Bounds& bounds) {
  if (server.memory < bounds.fragmentation_from || server.resident_memory == 0) return;
  const double ratio = share(server.resident_memory, server.memory);
  if (ratio > bounds.fragmentation) {
    step.summary += ", fragmented: " + size_text(server.resident_memory) + " resident";
    warn(step, "Let the server return the memory: MEMORY PURGE, CONFIG SET activedefrag yes, or a restart",
         "fragmentation");
  } else if (ratio < bounds.swapped) {
    step.summary += ", partly swapped out: " + size_text(server.resident_memory) + " resident";
    warn(step, "Give the machine more memory or the server a lower maxmemory: it is being swapped out",
         "fragmentation");
  }
}

Step memory(const ServerFacts& server, const Bounds& bounds) {
  Step step = ok(StepId::memory, size_text(server.memory));
  step.facts = {{"used_bytes", server.memory},
                {"maximum_bytes", server.maximum_memory},
                {"resident_bytes", server.resident_memory},
                {"policy", server.memory_policy}};
  if (server.maximum_memory == 0) {
    step.summary += ", no limit (maxmemory)";
  } else {
    step.summary += " of " + size_text(server.maximum_memory) + " (" +
                    percent(share(server.memory, server.maximum_memory)) + ")";
    if (!server.memory_policy.empty()) step.summary += ", " + server.memory_policy;
  }
  judge_fragmentation(step, server, bounds);
  if (is_full(server, bounds) && !evicts_any_key(server))
    warn(step,
         "Raise maxmemory, delete keys or give them a TTL, or choose an eviction policy for caches: at the "
         "limit "
         "writes fail with OOM",
         "oom");
  return step;
}

Step clients(const Examination& from, const Bounds& bounds) {
  const ServerFacts& server = from.report.server;
  const std::uint64_t own = from.database.config.max_connections;
  Step step = ok(StepId::clients, std::to_string(server.clients));
  if (server.maximum_clients != 0) step.summary += " of " + std::to_string(server.maximum_clients);
  step.facts = {{"connected", server.clients},
                {"maximum", server.maximum_clients},
                {"rejected", server.rejected_clients}};
  if (server.rejected_clients != 0)
    step.summary += ", " + std::to_string(server.rejected_clients) + " rejected since the server's start";
  if (share(server.clients, server.maximum_clients) >= bounds.clients) {
    warn(step,
         "Raise maxclients, lower max_connections of the services, or find the one that leaks connections "
         "(CLIENT LIST)",
         "maxclients");
  } else if (server.maximum_clients != 0 && own > server.maximum_clients) {
    step.summary += "; this service may open " + std::to_string(own);
    warn(step, "Lower max_connections below maxclients of the server, or raise maxclients", "maxclients");
  } else if (server.rejected_clients != 0) {
    warn(step,
         "Find out which service opened too many connections (CLIENT LIST), then reset the counter with "
         "CONFIG "
         "RESETSTAT",
         "maxclients");
  }
  return step;
}

Step evictions(const ServerFacts& server, const Bounds& bounds) {
  Step step = ok(StepId::evictions, server.evicted_keys == 0 ? std::string("none")
                                                             : std::to_string(server.evicted_keys) +
                                                                   " keys since the server's start");
  step.facts = {{"evicted", server.evicted_keys}, uptime_fact(server)};
  if (server.evicted_keys == 0) return step;
  if (is_full(server, bounds))
    warn(step,
         "Raise maxmemory or shorten TTLs: the server removes keys to stay below its limit. For a cache that "
         "may "
         "be intended",
         "evictions");
  else
    step.summary += "; there is room now";
  return step;
}

}  // namespace

std::vector<Step> load_steps(const Examination& examination, const Bounds& bounds) {
  const ConnectionReport& report = examination.report;
  std::vector<Step> steps;
  if (!report.ready) {
    for (const StepId id : {StepId::latency, StepId::memory, StepId::clients, StepId::evictions})
      steps.push_back(make_step(id, StepState::skipped, std::string(not_reached)));
    return steps;
  }
  steps.push_back(latency(examination.samples, bounds));
  if (report.server.version.empty()) {
    for (const StepId id : {StepId::memory, StepId::clients, StepId::evictions})
      steps.push_back(not_reported(id));
  } else {
    steps.push_back(memory(report.server, bounds));
    steps.push_back(clients(examination, bounds));
    steps.push_back(evictions(report.server, bounds));
  }
  if (report.problem && step_of_problem(report, examination.database.config.tls.enabled) == StepId::memory) {
    const Step failed = failed_step(StepId::memory, *report.problem);
    Step& full = steps[1];
    full.state = StepState::failed;
    full.summary = failed.summary + (full.facts.empty() ? "" : "; " + full.summary);
    full.remedy = failed.remedy;
    full.runbook = failed.runbook;
  }
  return steps;
}

std::chrono::nanoseconds percentile(std::vector<std::chrono::nanoseconds> values, double share) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

Fact uptime_fact(const ServerFacts& server) {
  return {"uptime_s", static_cast<std::uint64_t>(std::max<std::int64_t>(server.uptime.count(), 0))};
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string time_text(std::chrono::duration<double, std::milli> time) {
  char text[64];
  const double ms = time.count();
  if (ms < 10)
    std::snprintf(text, sizeof text, "%.2f ms", ms);
  else if (ms < 1000)
    std::snprintf(text, sizeof text, "%.0f ms", ms);
  else if (ms < 120e3)
    std::snprintf(text, sizeof text, "%.1f s", ms / 1e3);
  else if (ms < 7200e3)
    std::snprintf(text, sizeof text, "%.0f min", ms / 60e3);
  else if (ms < 48 * 3600e3)
    std::snprintf(text, sizeof text, "%.0f h", ms / 3600e3);
  else
    std::snprintf(text, sizeof text, "%.0f days", ms / (24 * 3600e3));
  return text;
}

std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace redstart::doctor
