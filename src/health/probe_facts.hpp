// SPDX-License-Identifier: Apache-2.0
// probe_facts.hpp: the observations of one health probe.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/health/health_status.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace redstart::inline v0::health {

/// One command of a probe.
struct ProbeStep {
  /// `ok`: the server replied without an error. `failed`: with one. `unknown`: not sent, or no reply.
  CheckResult result = CheckResult::unknown;
  std::string text{};     ///< The reply.
  std::string refused{};  ///< The server's error, as `peer_text`.
  std::chrono::nanoseconds duration{0};
};

/// Everything that one probe of a database has observed. `HealthJudge` decides what it means.
struct ProbeFacts {
  /// Why the probe itself failed, so that nothing is known about the server; else empty.
  std::string failure{};
  bool reachable = false;
  std::chrono::nanoseconds connecting{0};
  /// Why the connect attempt failed, or a command got no reply. No command follows.
  std::optional<ErrorInfo> problem{};
  ProbeStep ping{};
  ProbeStep info{};
  bool operational = true;  ///< False: the policy excludes the three commands below.
  ProbeStep set{};
  ProbeStep get{};
  ProbeStep del{};
  std::string value{};  ///< The value that SET wrote, and GET should return.
};

}  // namespace redstart::inline v0::health
