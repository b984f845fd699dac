// SPDX-License-Identifier: Apache-2.0
// report.hpp: the findings of redis_doctor as plain data.
#pragma once

#include <redstart/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redstart::doctor {

/// The steps of an examination, in their order.
enum class StepId : std::uint8_t {
  configuration,   ///< The configuration has no faults. One for all databases.
  resolve,         ///< The host name has addresses.
  connect,         ///< One of them accepts connections.
  tls,             ///< The TLS session is established and the server verified.
  handshake,       ///< The peer is a Redis server and accepts the connection.
  authentication,  ///< The server accepts user and password.
  ready,           ///< The server has loaded its data and answers PING.
  role,            ///< The server accepts writes.
  latency,         ///< Round trips of PING.
  memory,          ///< Used memory, its limit and its fragmentation.
  clients,         ///< Connections and their limit.
  evictions,       ///< Keys that the server removed because of its memory limit.
};

/// The result of one step.
enum class StepState : std::uint8_t {
  ok,       ///< Nothing to do.
  skipped,  ///< Not applicable, or not reached because an earlier step failed.
  unknown,  ///< The server does not report it, or denies the permission. Has no influence on the exit code.
  warning,  ///< Works, but needs attention.
  failed,   ///< A fault: calls of the service fail.
};

[[nodiscard]] std::string_view to_string(StepId id) noexcept;
[[nodiscard]] std::string_view to_string(StepState state) noexcept;

/// A figure or text that a step is based on. Units are part of the name: `p95_ms`, `used_bytes`.
struct Fact {
  std::string_view name;
  std::variant<std::uint64_t, double, std::string> value;
};

/// One step with its result. All texts are presentable: UTF-8 without control characters and secrets.
struct Step {
  StepId id = StepId::configuration;
  StepState state = StepState::skipped;
  std::string summary{};
  std::string remedy{};   ///< The action that helps; empty if none is needed.
  std::string runbook{};  ///< The entry about it: `docs/runbook.md#oom`; empty without a remedy.
  std::vector<Fact> facts{};
};

/// The summary of a step that an earlier fault kept from running.
inline constexpr std::string_view not_reached = "not reached";

/// A step without remedy.
[[nodiscard]] Step make_step(StepId id, StepState state, std::string summary);
/// Gives the step a remedy and its runbook entry, such as `oom`, and makes it a warning.
void warn(Step& step, std::string remedy, std::string_view entry);

/// The examination of one database.
struct DatabaseReport {
  std::string name{};
  std::string endpoint{};
  bool required = false;
  std::string impact{};  ///< The effect of its absence on the service, as configured, or the usual one.
  std::vector<Step> steps{};
  std::vector<std::string> notes{};
};

/// The result of a run.
struct Report {
  Step configuration{};
  std::vector<ConfigFault> faults{};   ///< Of the configuration. If there are any, no database was examined.
  std::vector<ConfigFault> notices{};  ///< Corrections that the loader made.
  std::vector<DatabaseReport> databases{};
};

/// A step and the database it belongs to; null for the configuration.
struct Finding {
  const DatabaseReport* database = nullptr;
  const Step* step = nullptr;
};

/// The step to act on first: the first one that failed, in a required database if there is one, otherwise the
/// first warning. Empty if nothing needs attention. Refers to `report`.
[[nodiscard]] std::optional<Finding> first_finding(const Report& report);

/// How many steps of all databases, and of the configuration, have this state.
[[nodiscard]] std::size_t count(const Report& report, StepState state);

/// The state of a database: that of its worst step, `ok` if none needs attention.
[[nodiscard]] StepState verdict(const DatabaseReport& database);

/// Exit codes of the program.
struct ExitCode {
  static constexpr int ok = 0;
  static constexpr int warnings = 1;
  static constexpr int fault = 2;
  static constexpr int configuration = 3;
  static constexpr int usage = 64;
};

[[nodiscard]] int exit_code(const Report& report);

}  // namespace redstart::doctor
