// SPDX-License-Identifier: Apache-2.0
// examination.hpp: measurements of one database, and the steps that follow from them.
#pragma once

#include "report.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/error.hpp>
#include <redstart/observe/connection_report.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace redstart::doctor {

/// The round trips of some PINGs.
struct Samples {
  std::size_t asked = 0;  ///< 0: not measured.
  std::vector<std::chrono::nanoseconds> times{};
  std::optional<Error> error{};  ///< Of the first PING without a reply.
};

/// All that the driver has measured.
struct Examination {
  NamedDatabase database{};
  std::string host_source{};  ///< Of the host: `default`, `REDIS_HOST`, a file with line; empty: unknown.
  ConnectionReport report{};
  Samples samples{};
};

/// Bounds above which a step is a warning.
struct Bounds {
  std::chrono::nanoseconds connecting = std::chrono::seconds(1);  ///< Lookup, connection, TLS and handshake.
  std::chrono::nanoseconds latency = std::chrono::milliseconds(20);  ///< Of 95 % of the PINGs.
  double memory = 0.9;                                               ///< Share of `maxmemory` in use.
  double clients = 0.8;                                              ///< Share of `maxclients` in use.
  double fragmentation = 1.5;                                        ///< Resident memory per used memory.
  double swapped = 0.9;  ///< Below this share of resident memory, the server is probably swapped out.
  /// Servers with less memory in use are not checked for fragmentation: the program itself dominates there.
  std::uint64_t fragmentation_from = std::uint64_t{128} << 20;
};

/// Returns the report on a database: every step, in the order of `StepId`, without `configuration`.
[[nodiscard]] DatabaseReport judge(const Examination& examination, const Bounds& bounds = {});

/// Steps up to `role`: whether the server can be used. Defined in connection_steps.cpp.
[[nodiscard]] std::vector<Step> connection_steps(const Examination& examination, const Bounds& bounds);
/// Steps from `latency` on: how well it works. `ready`: whether it can be used. Defined in load_steps.cpp.
[[nodiscard]] std::vector<Step> load_steps(const Examination& examination, const Bounds& bounds);

/// The step to which the problem of a report belongs. Precondition: there is one.
[[nodiscard]] StepId step_of_problem(const ConnectionReport& report, bool tls);
/// The step that the problem has failed.
[[nodiscard]] Step failed_step(StepId id, const Error& problem);

/// The value that `share` (0 to 1) of the values do not exceed. Precondition: there is a value.
[[nodiscard]] std::chrono::nanoseconds percentile(std::vector<std::chrono::nanoseconds> values, double share);

/// `0.42 ms`, `12 ms`, `1.3 s`, `5 min`, `3 h`, `12 days`.
[[nodiscard]] std::string time_text(std::chrono::duration<double, std::milli> time);
/// `512 B`, `1.0 MiB`.
[[nodiscard]] std::string size_text(std::uint64_t bytes);
[[nodiscard]] double milliseconds(std::chrono::nanoseconds time);
/// The uptime as a fact. A server may report any number.
[[nodiscard]] Fact uptime_fact(const ServerFacts& server);

}  // namespace redstart::doctor
