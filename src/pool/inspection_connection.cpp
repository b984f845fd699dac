// SPDX-License-Identifier: Apache-2.0
// inspection_connection.cpp: opens a connection outside the pool and sends commands.
#include "inspection_connection.hpp"

#include <redstart/core/server_reply.hpp>
#include <redstart/resp/cursor.hpp>

#include <utility>

namespace redstart::inline v0::pool {

namespace {

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
  [[nodiscard]] std::string take() noexcept { return std::move(text_); }

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

}  // namespace

InspectionConnection::InspectionConnection(Server& server, TimePoint deadline)
    : server_(server),
      deadline_(deadline),
      connection_(server.config(), server.database().client_name(), 0, server.preparer()) {}

InspectionConnection::Opened InspectionConnection::open() {
  using Step = net::OpenWatcher::Step;
  const TimePoint began = Clock::now();
  Watcher watcher;
  Opened opened;
  const auto failure = connection_.open(deadline_, watcher);
  opened.duration = Clock::now() - began;
  opened.reached = watcher.step();
  const bool wanted = server_.config().tls.enabled;
  const bool connected = watcher.step() == Step::secured || (!wanted && watcher.step() == Step::connected);
  opened.reachable = !failure || connected;
  if (!failure) {
    opened.refused_ping = watcher.refused_ping();
    return opened;
  }
  ErrorInfo problem = server_.unreachable(*failure, opened.duration).info();
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
  opened.problem = std::move(problem);
  return opened;
}

InspectionConnection::Answer InspectionConnection::query(std::string_view bytes) {
  const TimePoint began = Clock::now();
  Text sink;
  const net::Outcome outcome = connection_.exchange({bytes, {}}, sink, began, deadline_);
  Answer answer;
  answer.duration = Clock::now() - began;
  switch (outcome.kind) {
    case net::Outcome::Kind::answered: answer.text = sink.take(); break;
    case net::Outcome::Kind::error_reply: answer.refused = outcome.text; break;
    case net::Outcome::Kind::broken: answer.problem = outcome.info(began); break;
  }
  return answer;
}

}  // namespace redstart::inline v0::pool
