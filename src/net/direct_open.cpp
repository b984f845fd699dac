// SPDX-License-Identifier: Apache-2.0
// direct_open.cpp: from an endpoint to a direct connection that may carry commands.
#include "address_rounds.hpp"
#include "direct_connection.hpp"
#include "handshake_gate.hpp"
#include "preparation.hpp"

#include <redstart/resp/scanner.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace redstart::net {

std::optional<OpenFailure> DirectConnection::open(Time deadline, OpenWatcher& watcher) {
  const auto interrupted = [this] { return socket_.interrupted(); };
  Prepared prepared = prepare(config_, tls_, deadline, interrupted);
  if (prepared.failure) return std::move(prepared.failure);
  watcher.reached(OpenWatcher::Step::resolved);
  // Only now: who waits for files, providers or name servers keeps nobody out.
  HandshakeGate::Pass pass = HandshakeGate::process().enter(deadline);
  if (!pass)
    return OpenFailure{Errc::connect_timeout, Remedy::retry, "too many connections are being opened", {}};
  std::optional<OpenFailure> failure = connect(prepared.resolved.addresses, deadline);
  if (!failure) watcher.reached(OpenWatcher::Step::connected);
  if (!failure && prepared.tls) {
    failure = secure(std::move(prepared.tls), deadline);
    if (!failure) watcher.reached(OpenWatcher::Step::secured);
  }
  if (!failure) failure = handshake(std::move(prepared.credentials), deadline, pass, watcher);
  if (failure) {
    socket_.close();
    return failure;
  }
  last_used_ = Clock::now();
  return std::nullopt;
}

std::optional<OpenFailure> DirectConnection::connect(const std::vector<Address>& addresses, Time deadline) {
  const SocketOptions options{config_.keepalive, silence_limit_of(config_.timeouts)};
  AddressRounds rounds(addresses.size(), deadline);
  for (;;) {
    const auto attempt = rounds.next(Clock::now());
    if (!attempt) return connect_failure(rounds.error(), false);
    const int error = socket_.connect(addresses[attempt->address], options, attempt->until);
    if (error == 0) break;
    if (socket_.interrupted()) return connect_failure(ECANCELED, true);
    rounds.failed(error);
  }
  armed_ = config_.timeouts.command;
  socket_.arm_receive(armed_);
  socket_.arm_send(armed_);
  return std::nullopt;
}

// No byte of ours goes out before the server has proven who it is.
std::optional<OpenFailure> DirectConnection::secure(std::shared_ptr<const TlsContext> context,
                                                    Time deadline) {
  const int error = socket_.secure(std::move(context), deadline);
  if (error == 0) return std::nullopt;
  if (socket_.interrupted()) return connect_failure(ECANCELED, true);
  if (error == EAGAIN) return tls_timeout();
  return socket_.tls()->failure();
}

std::optional<OpenFailure> DirectConnection::handshake(Credentials credentials, Time deadline,
                                                       HandshakeGate::Pass& pass, OpenWatcher& watcher) {
  const bool provided = config_.credentials != nullptr;
  bool asked_again = false;
  protocol::HandshakeSettings settings = handshake_settings(config_, client_name_);
  const auto use_provided = [&] {
    settings.username = credentials.username;
    settings.password = credentials.password.reveal();
  };
  if (provided) use_provided();
  protocol::HandshakeFsm machine(settings);
  char stack[4096];
  engine::ReplyBuffer buffer(stack, sizeof stack);
  resp::Scanner scanner(config_.limits);
  Patience patience{deadline};
  using Kind = protocol::HandshakeFsm::Action::Kind;

  const auto lost = [&](int error) -> OpenFailure {
    if (socket_.interrupted()) return connect_failure(ECANCELED, true);
    // TLS 1.3: only now the server says that it does not like our certificate.
    if (socket_.tls() != nullptr && socket_.tls()->at_fault()) return socket_.tls()->failure();
    if (error == EAGAIN && machine.loading()) return still_not_ready(machine.not_ready());
    return handshake_failure(error, machine.awaited());
  };

  auto action = machine.start();
  for (;;) {
    switch (action.kind) {
      case Kind::ready:
        if (scanner.position() != buffer.size())
          return OpenFailure{
              Errc::protocol_error, Remedy::never, "the server sent more than it was asked for", {}};
        watcher.ready(machine);
        return std::nullopt;
      case Kind::fail: {
        const auto& failure = machine.failure();
        if (provided && !std::exchange(asked_again, true) && wrong_password(failure.code, failure.server)) {
          // The password may have been changed between asking and AUTH.
          pass.leave();
          Prepared newer = ask_again(config_.credentials, deadline, [this] { return socket_.interrupted(); });
          if (newer.failure) return std::move(newer.failure);
          if (newer.credentials.username != credentials.username ||
              newer.credentials.password != credentials.password) {
            credentials = std::move(newer.credentials);
            use_provided();
            action = machine.start();
            continue;
          }
        }
        return OpenFailure{failure.code, failure.remedy, protocol::describe(failure), failure.server};
      }
      case Kind::wait: {
        pass.leave();  // others need not wait for this server
        if (!watcher.not_ready(machine.not_ready()) || Clock::now() + action.delay >= deadline)
          return lost(EAGAIN);
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
        return not_resp_in_handshake(scanner, buffer.view(), !settings.password.empty());
      if (status == resp::Scanner::Status::complete) {
        if (scanner.type() != resp::Type::push) break;
        ++pushes_;
        continue;
      }
      if (buffer.space() == 0) buffer.reserve(1);
      Time now = Clock::now();  // each time: the deadline counts however steadily bytes come
      if (const int error = receive_more(buffer, now, patience); error != 0) return lost(error);
    }
    action = machine.on_reply(buffer.view().substr(scanner.begin(), scanner.position() - scanner.begin()));
  }
}

}  // namespace redstart::net
