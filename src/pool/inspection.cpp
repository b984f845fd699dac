// SPDX-License-Identifier: Apache-2.0
// inspection.cpp: PING, INFO and a write without effect; reports the first fault.
#include "inspection.hpp"

#include "../protocol/server_identity.hpp"
#include "inspection_connection.hpp"

#include <redstart/core/server_reply.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

constexpr std::string_view ping_command = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view info_of_server = "*1\r\n$4\r\nINFO\r\n";
// Writes an empty string into a missing key. Changes nothing, but fails whenever a write would.
constexpr std::string_view write_nothing =
    "*4\r\n$8\r\nSETRANGE\r\n$17\r\nredstart:validate\r\n$1\r\n0\r\n$0\r\n\r\n";

class Inspection {
 public:
  Inspection(Server& server, TimePoint deadline) : server_(server), connection_(server, deadline) {
    report_.database = server.database().name();
    report_.endpoint = server.origin().endpoint;
  }

  ConnectionReport run() {
    if (connect() && answers() && learn()) write();
    look_at_breaker();
    return std::move(report_);
  }

 private:
  bool connect() {
    InspectionConnection::Opened opened = connection_.open();
    report_.connecting = opened.duration;
    report_.reachable = opened.reachable;
    report_.reached = opened.reached;
    refused_ping_ = std::move(opened.refused_ping);
    if (!opened.problem) return true;
    report_.problem = Error(*std::move(opened.problem));
    return false;
  }

  // An open breaker rejects calls although the server may work again.
  void look_at_breaker() {
    const CircuitStatus circuit = server_.circuit(Clock::now());
    if (circuit.state == BreakerState::closed) return;
    std::string note = "the circuit breaker is " + to_string(circuit);
    switch (circuit.state) {
      case BreakerState::forced_open:
        note +=
            ": every call fails with circuit_open whatever the server does. It was forced open: "
            "breaker(\"" +
            server_.database().name() + "\").automatic() ends that";
        break;
      case BreakerState::forced_closed:
        note += ": it rejects no call whatever the server does. It was forced closed: breaker(\"" +
                server_.database().name() + "\").automatic() ends that";
        break;
      default:
        note += ". Until then calls fail with circuit_open; it closes by itself once the server answers";
    }
    report_.notes.push_back(std::move(note));
  }

  // A server that refuses PING may still serve other users or commands.
  bool answers() {
    report_.ready = true;
    if (!refused_ping_.empty()) {
      const std::string_view word = error_word(refused_ping_);
      if (word != "NOPERM" && word != "MISCONF") {
        report_.notes.push_back("PING was refused (" + refused_ping_ + "): its duration is unknown");
        return true;
      }
      refused(refused_ping_);
      if (word == "NOPERM") return true;
      report_.writable = false;
    }
    const auto answer = query(ping_command);
    if (!answer) return false;
    report_.ping = answer->duration;
    return true;
  }

  bool learn() {
    const auto answer = query(info_of_server);
    if (!answer) return false;
    if (!answer->refused.empty()) {
      report_.notes.push_back("INFO was refused (" + answer->refused + "): little is known about the server");
      return true;
    }
    const auto number = [&text = answer->text](std::string_view name) {
      return protocol::info_number<std::uint64_t>(text, name).value_or(0);
    };
    ServerFacts& server = report_.server;
    static_cast<ServerIdentity&>(server) = protocol::read_identity(answer->text);
    server_.reachability().info_received(server);
    server.uptime = std::chrono::seconds(number("uptime_in_seconds"));
    server.clients = number("connected_clients");
    server.maximum_clients = number("maxclients");
    server.rejected_clients = number("rejected_connections");
    server.memory = number("used_memory");
    server.resident_memory = number("used_memory_rss");
    server.maximum_memory = number("maxmemory");
    server.memory_policy = protocol::info_text(answer->text, "maxmemory_policy");
    server.evicted_keys = number("evicted_keys");
    server.replicas = number("connected_slaves");
    if (server.mode == "cluster")
      report_.notes.push_back(
          "the server is a node of Redis Cluster, which is not supported yet: commands "
          "for keys of other nodes fail (MOVED)");
    return true;
  }

  void write() {
    const auto answer = query(write_nothing);
    if (!answer) return;
    const std::string_view word = error_word(answer->refused);
    if (answer->refused.empty() || word == "WRONGTYPE") {
      report_.writable = true;
    } else if (word == "NOPERM" ||
               word == "ERR") {  // ERR: SETRANGE was renamed, or a proxy does not support it
      report_.notes.push_back("it is unknown whether the server accepts writes: " + answer->refused);
    } else {
      report_.writable = false;
      refused(answer->refused);
    }
  }

  // Sends a command. Returns nothing if the connection was lost, and reports that as the problem.
  std::optional<InspectionConnection::Answer> query(std::string_view bytes) {
    InspectionConnection::Answer answer = connection_.query(bytes);
    if (!answer.problem) return answer;
    report_.ready = false;
    set_problem(*std::move(answer.problem));
    return std::nullopt;
  }

  void refused(std::string_view message) {
    const std::string_view word = error_word(message);
    const ServerVerdict verdict = classify(message, ReplyOf::plain_command);
    ErrorInfo problem;
    problem.code = Errc::server_error;
    problem.effect = verdict.effect;
    problem.remedy = verdict.remedy;
    problem.what = "the server replied with an error";
    problem.server = message;
    problem.advice = failure::advice_for(word);
    set_problem(std::move(problem));
  }

  void set_problem(ErrorInfo problem) {
    if (!report_.problem) report_.problem = server_.error("validate_connection", std::move(problem));
  }

  Server& server_;
  InspectionConnection connection_;
  ConnectionReport report_{};
  std::string refused_ping_{};
};

}  // namespace

ConnectionReport inspect(Server& server, TimePoint deadline) { return Inspection(server, deadline).run(); }

}  // namespace redstart::inline v0::pool
