// SPDX-License-Identifier: Apache-2.0
// inspection.cpp: PING, INFO and a write without effect; reports the first fault.
#include "inspection.hpp"

#include "../net/direct_connection.hpp"
#include "../protocol/server_identity.hpp"

#include <redstart/core/server_reply.hpp>
#include <redstart/resp/cursor.hpp>

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

class Watcher final : public net::OpenWatcher {
 public:
  void reached(Step step) noexcept override { step_ = step; }
  bool not_ready(const protocol::NotReady& state) override {
    not_ready_ = state;
    return false;  // report this state instead of waiting
  }
  void ready(const protocol::HandshakeFsm& handshake) override { refused_ping_ = handshake.refused_ping(); }

  [[nodiscard]] std::optional<Step> step() const noexcept { return step_; }
  [[nodiscard]] const std::optional<protocol::NotReady>& state() const noexcept { return not_ready_; }
  [[nodiscard]] const std::string& refused_ping() const noexcept { return refused_ping_; }

 private:
  std::optional<Step> step_{};
  std::optional<protocol::NotReady> not_ready_{};
  std::string refused_ping_{};
};

class Text final : public engine::ReplySink {
 public:
  void frame(std::string_view bytes) override {
    resp::DecodeIssue unused;
    text_ = resp::Cursor(bytes, unused).take().text;
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_{};
};

std::string_view word_of(protocol::NotReady::Why why) {
  switch (why) {
    case protocol::NotReady::Why::busy: return "BUSY";
    case protocol::NotReady::Why::master_down: return "MASTERDOWN";
    case protocol::NotReady::Why::loading: break;
  }
  return "LOADING";
}

class Inspection {
 public:
  Inspection(Server& server, TimePoint deadline)
      : server_(server),
        deadline_(deadline),
        connection_(server.config(), server.database().client_name(), 0, server.preparer()) {
    report_.database = server.database().name();
    report_.endpoint = server.origin().endpoint;
  }

  ConnectionReport run() {
    if (connect() && answers() && learn()) write();
    look_at_breaker();
    return std::move(report_);
  }

 private:
  using Step = net::OpenWatcher::Step;

  bool connect() {
    const TimePoint began = Clock::now();
    Watcher watcher;
    const auto failure = connection_.open(deadline_, watcher);
    report_.connecting = Clock::now() - began;
    const bool wanted = server_.config().tls.enabled;
    const bool connected = watcher.step() == Step::secured || (!wanted && watcher.step() == Step::connected);
    report_.reachable = !failure || connected;
    if (!failure) {
      refused_ping_ = watcher.refused_ping();
      return true;
    }
    ErrorInfo problem = server_.unreachable(*failure, report_.connecting).info();
    if (watcher.state()) {
      problem.server = word_of(watcher.state()->why);
      problem.advice = failure::advice_for(problem.server);
    } else if (!failure->server.empty() && failure->code == Errc::authentication_failed) {
      problem.advice = failure::advice_for(error_word(failure->server));
    } else if (failure->code == Errc::connect_timeout && wanted && watcher.step() == Step::connected) {
      problem.advice = "It accepts connections but does not answer in TLS: is this its TLS port (tls-port)?";
    } else if (failure->code == Errc::connect_timeout && watcher.step() && watcher.step() != Step::resolved) {
      problem.advice =
          "It accepts connections but does not answer: is the process stopped, or busy (SLOWLOG, "
          "redis-cli --latency)?";
    }
    report_.problem = Error(std::move(problem));
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
    const TimePoint began = Clock::now();
    if (!query(ping_command)) return false;
    report_.ping = Clock::now() - began;
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
    server.memory = number("used_memory");
    server.maximum_memory = number("maxmemory");
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

  struct Answer {
    std::string text{};
    std::string refused{};  // message of the server if it replied with an error
  };
  // Sends a command. Returns nothing if the connection was lost, and reports that as the problem.
  std::optional<Answer> query(std::string_view bytes) {
    const TimePoint began = Clock::now();
    Text sink;
    const net::Outcome outcome = connection_.exchange({bytes, {}}, sink, began, deadline_);
    if (outcome.kind == net::Outcome::Kind::answered) return Answer{sink.text(), {}};
    if (outcome.kind == net::Outcome::Kind::error_reply) return Answer{{}, outcome.text};
    report_.ready = false;
    set_problem(outcome.info(began));
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
  const TimePoint deadline_;
  net::DirectConnection connection_;
  ConnectionReport report_{};
  std::string refused_ping_{};
};

}  // namespace

ConnectionReport inspect(Server& server, TimePoint deadline) { return Inspection(server, deadline).run(); }

}  // namespace redstart::inline v0::pool
