// SPDX-License-Identifier: Apache-2.0
// connection_steps.cpp: steps from the host name to the role of the server.
#include "examination.hpp"

#include <redstart/config/impact.hpp>
#include <redstart/core/peer_text.hpp>
#include <redstart/core/runbook.hpp>

#include <utility>

namespace redstart::doctor {

namespace {

constexpr std::string_view replica_remedy =
    "This server is a replica: point the endpoint's name at the master and shorten its TTL";

Step resolve(const Examination& from) {
  const Endpoint& endpoint = from.database.config.endpoint;
  if (endpoint.is_unix()) return make_step(StepId::resolve, StepState::skipped, "a Unix socket has no name");
  Step result = make_step(StepId::resolve, StepState::ok, peer_text(endpoint.host));
  if (!from.host_source.empty()) {
    result.summary += (from.host_source == "default" ? ", the " : ", from ") + peer_text(from.host_source);
    result.facts.push_back({"source", peer_text(from.host_source)});
  }
  return result;
}

Step connect(const Examination& from, const Bounds& bounds) {
  const auto took = from.report.connecting;
  Step result = make_step(StepId::connect, StepState::ok, peer_text(from.report.endpoint));
  result.facts.push_back({"connecting_ms", milliseconds(took)});
  if (from.report.problem && !from.report.ready) return result;
  result.summary += ", ready after " + time_text(took);
  if (took > bounds.connecting)
    warn(result,
         "Find out which part of connecting is slow: the name lookup (getent hosts), the network, or the "
         "server",
         "slow_connect");
  return result;
}

Step tls(const Examination& from) {
  const TlsConfig& config = from.database.config.tls;
  if (!config.enabled) return make_step(StepId::tls, StepState::skipped, "off (tls.enabled)");
  if (config.verify == TlsVerify::full)
    return make_step(StepId::tls, StepState::ok, "the certificate is trusted");
  Step result =
      make_step(StepId::tls, StepState::warning, "the certificate is not verified (tls.verify = insecure)");
  warn(result, "Set tls.verify to full, and tls.ca_file to the authority of the server's certificate",
       "insecure_tls");
  return result;
}

Step authentication(const Examination& from) {
  const DatabaseConfig& config = from.database.config;
  if (config.username.empty() && config.password.empty() && !config.credentials)
    return make_step(StepId::authentication, StepState::ok,
                     "not required by the server, and none is configured");
  return make_step(StepId::authentication, StepState::ok,
                   config.username.empty() ? "as the default user" : "as user " + peer_text(config.username));
}

Step ready(const Examination& from) {
  const ServerFacts& server = from.report.server;
  if (server.version.empty()) return make_step(StepId::ready, StepState::ok, "answers PING");
  Step result = make_step(
      StepId::ready, StepState::ok,
      server.product + " " + server.version + ", " + server.mode + ", up " + time_text(server.uptime));
  result.facts = {
      {"product", server.product}, {"version", server.version}, {"mode", server.mode}, uptime_fact(server)};
  return result;
}

Step role(const Examination& from) {
  const ConnectionReport& report = from.report;
  const std::string name = report.server.role.empty() ? "role unknown" : report.server.role;
  Step result = make_step(StepId::role, StepState::ok, name);
  if (report.server.role == "master")
    result.summary += " with " + std::to_string(report.server.replicas) +
                      (report.server.replicas == 1 ? " replica" : " replicas");
  result.facts = {{"role", report.server.role}, {"replicas", report.server.replicas}};
  if (report.server.mode == "cluster") {
    result.summary += ", a node of Redis Cluster";
    warn(result, "Use a server that is no cluster, or a proxy in front of the cluster", "moved");
  } else if (report.writable) {
    // A refused write with a problem of its own, such as OOM, is reported by another step.
    result.summary += *report.writable ? ", accepts writes" : ", refuses writes";
  } else if (report.server.role == "replica") {
    result.summary += ", it is unknown whether it accepts writes";
    warn(result, std::string(replica_remedy), "readonly");
  } else {
    result.state = StepState::unknown;
    result.summary += ", it is unknown whether it accepts writes";
    result.remedy = "Grant the user `+setrange ~redstart:validate`";
    result.runbook = "docs/runbook.md#noperm";
  }
  return result;
}

// Whether the steps before the failed one are known to have succeeded.
bool was_reached(const ConnectionReport& report, StepId id) {
  if (id == StepId::resolve) return report.reached.has_value();
  if (id == StepId::connect) return report.reached >= ConnectStep::connected;
  return true;
}

}  // namespace

StepId step_of_problem(const ConnectionReport& report, bool tls) {
  const Error& problem = *report.problem;
  const std::string_view word = problem.server_code();
  const bool connected = report.reached >= ConnectStep::connected;
  const StepId peer = tls && report.reached == ConnectStep::connected ? StepId::tls : StepId::handshake;
  switch (problem.code()) {
    case Errc::resolve_failed: return StepId::resolve;
    case Errc::connect_refused: return StepId::connect;
    case Errc::connect_failed:
    case Errc::connect_timeout:
    case Errc::resource_exhausted: return connected ? peer : StepId::connect;
    case Errc::tls_failed: return StepId::tls;
    case Errc::handshake_failed:
    case Errc::protocol_error: return report.ready ? StepId::ready : StepId::handshake;
    case Errc::authentication_failed: return StepId::authentication;
    case Errc::server_error:
      if (word == "OOM") return StepId::memory;
      return word == "NOPERM" ? StepId::authentication : StepId::role;
    default: return StepId::ready;
  }
}

Step failed_step(StepId id, const Error& problem) {
  const ErrorInfo& info = problem.info();
  Step result = make_step(id, StepState::failed, info.what);
  if (info.code == Errc::server_error)
    result.summary = "the server replied: " + info.server;
  else if (!info.server.empty())
    result.summary += ": " + info.server;
  const ErrcInfo* const row = errc_info(info.code);
  result.remedy = !info.advice.empty() || row == nullptr ? info.advice : std::string(row->advice);
  result.runbook = runbook_entry(info.code, info.server);
  result.facts.push_back({"code", std::string(to_string(info.code))});
  return result;
}

std::vector<Step> connection_steps(const Examination& examination, const Bounds& bounds) {
  std::vector<Step> steps = {
      resolve(examination),
      connect(examination, bounds),
      tls(examination),
      make_step(StepId::handshake, StepState::ok, "the peer speaks the protocol of Redis"),
      authentication(examination),
      ready(examination),
      role(examination)};
  const ConnectionReport& report = examination.report;
  if (!report.problem) return steps;
  const StepId fault = step_of_problem(report, examination.database.config.tls.enabled);
  for (Step& each : steps) {
    if (each.id == fault)
      each = failed_step(fault, *report.problem);
    else if (!report.ready && (each.id > fault || !was_reached(report, each.id)) &&
             each.state != StepState::skipped)
      each = make_step(each.id, StepState::skipped, std::string(not_reached));
  }
  return steps;
}

DatabaseReport judge(const Examination& examination, const Bounds& bounds) {
  const ConnectionReport& report = examination.report;
  DatabaseReport result;
  result.name = peer_text(report.database);
  result.endpoint = peer_text(report.endpoint);
  result.required = examination.database.config.required;
  result.impact = peer_text(impact_of(examination.database.name, examination.database.config.impact));
  result.notes = report.notes;
  result.steps = connection_steps(examination, bounds);
  for (Step& each : load_steps(examination, bounds)) result.steps.push_back(std::move(each));
  return result;
}

}  // namespace redstart::doctor
