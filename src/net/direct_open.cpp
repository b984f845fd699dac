// SPDX-License-Identifier: Apache-2.0
// direct_open.cpp: from an endpoint to a direct connection that may carry commands.
#include "direct_connection.hpp"
#include "handshake_gate.hpp"
#include "resolver.hpp"

#include <redstart/resp/scanner.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace redstart::net {

std::optional<OpenFailure> DirectConnection::open(Time deadline) {
  const HandshakeGate::Pass pass = HandshakeGate::process().enter(deadline);
  if (!pass)
    return OpenFailure{Errc::connect_timeout, Remedy::retry, "too many connections are being opened", {}};
  if (auto failure = connect(deadline)) return failure;
  if (auto failure = handshake(deadline)) {
    socket_.close();
    loading_.store(false, std::memory_order_relaxed);
    return failure;
  }
  loading_.store(false, std::memory_order_relaxed);
  last_used_ = Clock::now();
  return std::nullopt;
}

std::optional<OpenFailure> DirectConnection::connect(Time deadline) {
  const Resolved resolved = resolve(config_.endpoint, deadline);
  if (resolved.addresses.empty()) return OpenFailure{Errc::resolve_failed, Remedy::retry, resolved.error, {}};
  const SocketOptions options{config_.keepalive, config_.timeouts.command};
  int error = ETIMEDOUT;
  for (std::size_t i = 0; i < resolved.addresses.size(); ++i) {
    const Time now = Clock::now();
    if (now >= deadline) break;
    const auto slice = (deadline - now) / static_cast<Clock::rep>(resolved.addresses.size() - i);
    error = socket_.connect(resolved.addresses[i], options, now + slice);
    if (error == 0 || socket_.interrupted()) break;
  }
  if (error != 0) return connect_failure(error, socket_.interrupted());
  armed_ = config_.timeouts.command;
  socket_.arm_receive(armed_);
  socket_.arm_send(armed_);
  return std::nullopt;
}

std::optional<OpenFailure> DirectConnection::handshake(Time deadline) {
  const protocol::HandshakeSettings settings{config_.username, config_.password.reveal(), client_name_,
                                             config_.number, config_.protocol};
  protocol::HandshakeFsm machine(settings);
  char stack[4096];
  engine::ReplyBuffer buffer(stack, sizeof stack);
  resp::Scanner scanner(config_.limits);
  using Kind = protocol::HandshakeFsm::Action::Kind;

  const auto lost = [&](int error) -> OpenFailure {
    if (socket_.interrupted()) return connect_failure(ECANCELED, true);
    return handshake_failure(error, machine.loading());
  };

  auto action = machine.start();
  for (;;) {
    switch (action.kind) {
      case Kind::ready:
        if (scanner.position() != buffer.size())
          return OpenFailure{
              Errc::protocol_error, Remedy::never, "the server sent more than it was asked for", {}};
        return std::nullopt;
      case Kind::fail: {
        const auto& failure = machine.failure();
        const std::string what =
            failure.code == Errc::protocol_error ? "no Redis server answers so to " : "the server refused ";
        return OpenFailure{failure.code, failure.remedy, what + std::string(failure.step), failure.server};
      }
      case Kind::wait: {
        loading_.store(machine.loading(), std::memory_order_relaxed);
        if (Clock::now() + action.delay >= deadline) return lost(EAGAIN);
        static_cast<void>(
            socket_.wait_readable(Clock::now() + action.delay));  // ends early when the server goes away
        action = machine.on_delay();
        continue;
      }
      case Kind::send: {
        bool sent = false;
        const int error = send_all({action.bytes, {}}, deadline, sent);
        if (error == EAGAIN || socket_.interrupted()) return lost(error);
        break;  // a server that closes at once (maxclients) has said why before
      }
      case Kind::receive: break;
    }
    for (;;) {
      const auto status = scanner.scan(buffer.view());
      if (status == resp::Scanner::Status::fault)
        return OpenFailure{Errc::protocol_error, Remedy::never, not_resp(scanner, buffer.view()).text, {}};
      if (status == resp::Scanner::Status::complete) {
        if (scanner.type() != resp::Type::push) break;
        ++pushes_;
        continue;
      }
      if (buffer.space() == 0) buffer.reserve(1);
      Time now = Clock::now();
      if (now >= deadline) return lost(EAGAIN);  // however steadily bytes come
      if (const int error = receive_more(buffer, now, deadline); error != 0) return lost(error);
    }
    action = machine.on_reply(buffer.view().substr(scanner.begin(), scanner.position() - scanner.begin()));
  }
}

}  // namespace redstart::net
