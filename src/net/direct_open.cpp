// SPDX-License-Identifier: Apache-2.0
// direct_open.cpp: opens a direct connection: carries out the actions of OpeningFsm.
#include "../protocol/opening_fsm.hpp"
#include "direct_connection.hpp"
#include "handshake_gate.hpp"
#include "preparation.hpp"

#include <redstart/resilience/random.hpp>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

// Carries out one action after the other. Each blocks until it has ended, at its time limit at the latest.
class DirectConnection::Opening {
 public:
  using Machine = protocol::OpeningFsm;
  using Action = Machine::Action;
  using Kind = Action::Kind;

  Opening(DirectConnection& connection, TimePoint deadline, OpenWatcher& watcher)
      : connection_(connection),
        watcher_(watcher),
        machine_(connection.config_, connection.client_name_, Random(random_seed()).unit(), deadline) {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  // Returns the failure, if any.
  [[nodiscard]] std::optional<Cause> run() {
    Action action = machine_.start();
    while (action.kind != Kind::ready && action.kind != Kind::fail) {
      if (action.returns_permit && pass_) pass_->leave();
      action = carry_out(action);
      if (interrupted() && action.kind != Kind::ready) action = machine_.on_interrupted();
    }
    connection_.pushes_ += machine_.take_pushes();
    if (action.kind == Kind::fail) return machine_.failure();
    watcher_.ready(machine_.handshake());
    connection_.renewal_ = machine_.renewal();
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool interrupted() const noexcept { return connection_.socket_.interrupted(); }

  [[nodiscard]] Action carry_out(const Action& action) {
    switch (action.kind) {
      case Kind::prepare: return prepare(action.until);
      case Kind::get_permit:
        pass_.emplace(HandshakeGate::process().enter(to_string(connection_.config_.endpoint), action.until));
        return *pass_ ? machine_.on_permit(Clock::now()) : machine_.on_timer(Clock::now());
      case Kind::connect: return connect(action);
      case Kind::secure: return secure(action.until);
      case Kind::look: return look();
      case Kind::send: return send(action);
      case Kind::read: return read(action.until);
      case Kind::ask: return machine_.on_asked(Clock::now(), watcher_.not_ready(machine_.not_ready()));
      case Kind::wait: return wait(action.until);
      case Kind::renew: {
        Prepared newer =
            connection_.preparer_->renew_credentials(action.until, [this] { return interrupted(); });
        return machine_.on_renewed(take_facts(newer));
      }
      case Kind::none:
      case Kind::ready:
      case Kind::fail: break;
    }
    return action;
  }

  [[nodiscard]] Action prepare(TimePoint until) {
    prepared_ = connection_.preparer_->prepare(until, [this] { return interrupted(); });
    if (!prepared_.failure) watcher_.reached(OpenWatcher::Step::resolved);
    return machine_.on_prepared(take_facts(prepared_));
  }

  [[nodiscard]] Action connect(const Action& action) {
    const DatabaseConfig& config = connection_.config_;
    Socket& socket = connection_.socket_;
    const int error = socket.connect(prepared_.resolved.addresses[action.address],
                                     {config.keepalive, silence_limit_of(config.timeouts)}, action.until);
    const TimePoint now = Clock::now();
    if (error != ETIMEDOUT) pass_->received(now);
    if (error == 0) {
      connection_.armed_ = config.timeouts.command;
      socket.arm_receive(connection_.armed_);
      socket.arm_send(connection_.armed_);
      watcher_.reached(OpenWatcher::Step::connected);
    }
    return machine_.on_connected(now, error);
  }

  [[nodiscard]] Action secure(TimePoint until) {
    const DatabaseConfig& config = connection_.config_;
    Socket& socket = connection_.socket_;
    const int error = socket.secure(prepared_.tls, TlsName::of(config.tls, config.endpoint.host), until);
    const TimePoint now = Clock::now();
    pass_->received(now);
    if (error == EAGAIN) return machine_.on_timer(now);
    if (error != 0) return machine_.on_secured(socket.tls()->failure());
    watcher_.reached(OpenWatcher::Step::secured);
    return machine_.on_secured(std::nullopt);
  }

  [[nodiscard]] Action send(const Action& action) {
    bool sent = false;
    const int error = connection_.send_all({action.bytes, {}}, action.until, sent);
    return error == EAGAIN ? machine_.on_timer(Clock::now()) : machine_.on_sent();
  }

  // Waits for bytes. The clock is read anew each time, so that bytes that trickle in don't extend the limit.
  [[nodiscard]] Action read(TimePoint until) {
    patience_.deadline = until;
    TimePoint now = Clock::now();
    const int error = connection_.receive_more(machine_.room(), now, patience_);
    if (error == EAGAIN) return machine_.on_timer(now);
    if (error == 0) pass_->received(now);
    return on_read(error == 0 ? EAGAIN : error);
  }

  [[nodiscard]] Action wait(TimePoint until) {
    if (Clock::now() < until && connection_.socket_.wait_readable(until)) return look();
    return machine_.on_timer(Clock::now());
  }

  // Reads until nothing is left.
  [[nodiscard]] Action look() {
    for (;;) {
      engine::ReplyBuffer& buffer = machine_.room();
      const IoResult result = connection_.socket_.receive_some(buffer.end(), buffer.space());
      buffer.commit(result.bytes);
      if (result.error != 0) return on_read(result.error);
      if (result.bytes == 0) return on_read(end_of_stream);
      if (machine_.flooded()) return on_read(EAGAIN);
    }
  }

  [[nodiscard]] Action on_read(int error) {
    const Socket& socket = connection_.socket_;
    Machine::ReadEnd end{error, socket.holds_bytes(), std::nullopt};
    if (error != EAGAIN && socket.tls() != nullptr && socket.tls()->at_fault())
      end.tls = socket.tls()->failure();
    return machine_.on_read(std::move(end));
  }

  DirectConnection& connection_;
  OpenWatcher& watcher_;
  Machine machine_;
  Prepared prepared_{};
  std::optional<HandshakeGate::Pass> pass_{};
  Patience patience_{};
};

std::optional<Cause> DirectConnection::open(TimePoint deadline, OpenWatcher& watcher) {
  if (!preparer_) preparer_ = std::make_shared<Preparer>(config_);
  Opening opening(*this, deadline, watcher);
  if (auto failure = opening.run()) {
    socket_.close();
    return failure;
  }
  last_used_ = opened_at_ = Clock::now();
  return std::nullopt;
}

}  // namespace redstart::inline v0::net
