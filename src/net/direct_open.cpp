// SPDX-License-Identifier: Apache-2.0
// direct_open.cpp: opens a direct connection: preparation, gate, connect, TLS, handshake.
#include "address_rounds.hpp"
#include "direct_connection.hpp"
#include "handshake_gate.hpp"
#include "handshake_inbox.hpp"
#include "preparation.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace redstart::inline v0::net {

std::optional<Cause> DirectConnection::open(TimePoint deadline, OpenWatcher& watcher) {
  const auto interrupted = [this] { return socket_.interrupted(); };
  if (!preparer_) preparer_ = std::make_shared<Preparer>(config_);
  Prepared prepared = preparer_->prepare(deadline, interrupted);
  if (prepared.failure) return std::move(prepared.failure);
  watcher.reached(OpenWatcher::Step::resolved);
  // Take a permit only after the preparation, so that slow DNS, files or credential providers don't hold one.
  HandshakeGate::Pass pass = HandshakeGate::process().enter(to_string(config_.endpoint), deadline);
  if (!pass) return failure::handshakes_busy();
  std::optional<Cause> failure = connect(prepared.resolved.addresses, deadline);
  pass.received(Clock::now());
  if (!failure) watcher.reached(OpenWatcher::Step::connected);
  if (!failure && prepared.tls) {
    failure = secure(std::move(prepared.tls), deadline);
    pass.received(Clock::now());
    if (!failure) watcher.reached(OpenWatcher::Step::secured);
  }
  if (!failure) failure = handshake(std::move(prepared.credentials), deadline, pass, watcher);
  if (failure) {
    socket_.close();
    return failure;
  }
  last_used_ = opened_at_ = Clock::now();
  return std::nullopt;
}

std::optional<Cause> DirectConnection::connect(const std::vector<Address>& addresses, TimePoint deadline) {
  const SocketOptions options{config_.keepalive, silence_limit_of(config_.timeouts)};
  AddressRounds rounds(addresses.size(), deadline);
  for (;;) {
    const auto attempt = rounds.next(Clock::now());
    if (!attempt) return failure::not_connected(rounds.error());
    const int error = socket_.connect(addresses[attempt->address], options, attempt->until);
    if (error == 0) break;
    if (socket_.interrupted()) return failure::interrupted();
    rounds.failed(error);
  }
  armed_ = config_.timeouts.command;
  socket_.arm_receive(armed_);
  socket_.arm_send(armed_);
  return std::nullopt;
}

// With TLS, no Redis command is sent before the TLS handshake has verified the server.
std::optional<Cause> DirectConnection::secure(std::shared_ptr<const TlsContext> context, TimePoint deadline) {
  const int error =
      socket_.secure(std::move(context), TlsName::of(config_.tls, config_.endpoint.host), deadline);
  if (error == 0) return std::nullopt;
  if (socket_.interrupted()) return failure::interrupted();
  if (error == EAGAIN) return failure::tls_timeout();
  return socket_.tls()->failure();
}

// Reads until nothing is left. Returns EAGAIN unless the connection has ended.
int DirectConnection::receive_available(HandshakeInbox& inbox) {
  for (;;) {
    engine::ReplyBuffer& buffer = inbox.room();
    const IoResult result = socket_.receive_some(buffer.end(), buffer.space());
    buffer.commit(result.bytes);
    if (result.error != 0) return result.error;
    if (result.bytes == 0) return end_of_stream;
    if (inbox.flooded()) return EAGAIN;
  }
}

// Pauses until `until` even if data arrives. Returns early if the connection ends or the inbox is flooded.
int DirectConnection::pause(HandshakeInbox& inbox, TimePoint until) {
  for (;;) {
    if (const int error = receive_available(inbox); error != EAGAIN) return error;
    if (inbox.flooded() || Clock::now() >= until || !socket_.wait_readable(until)) return 0;
  }
}

std::optional<Cause> DirectConnection::handshake(Credentials credentials, TimePoint deadline,
                                                 HandshakeGate::Pass& pass, OpenWatcher& watcher) {
  const bool provided = config_.credentials != nullptr;
  bool credentials_renewed = false;
  protocol::HandshakeSettings settings = handshake_settings(config_, client_name_);
  const auto use_provided = [&] {
    settings.username = credentials.username;
    settings.password = credentials.password.reveal();
  };
  if (provided) use_provided();
  protocol::HandshakeFsm machine(settings);
  HandshakeInbox inbox(config_.limits);
  bool opening = true;  // true until the first request is sent
  Patience patience{deadline};
  using Kind = protocol::HandshakeFsm::Action::Kind;

  const auto lost = [&](int error) -> Cause {
    if (socket_.interrupted()) return failure::interrupted();
    // With TLS 1.3, the server reports only after the TLS handshake that it refused the client certificate.
    if (socket_.tls() != nullptr && socket_.tls()->at_fault()) return socket_.tls()->failure();
    if (error == EAGAIN && machine.loading()) return failure::not_ready(describe(machine.not_ready()));
    return failure::handshake_lost(error, machine.awaited());
  };

  auto action = machine.start();
  for (;;) {
    switch (action.kind) {
      case Kind::ready:
        if (!inbox.ends_here() || socket_.holds_bytes()) return inbox.failure(!settings.password.empty());
        pushes_ += inbox.take_pushes();  // those after the last reply
        watcher.ready(machine);
        return std::nullopt;
      case Kind::fail: {
        const auto& failure = machine.failure();
        if (provided && !std::exchange(credentials_renewed, true) &&
            wrong_password(failure.code, failure.server)) {
          // The password may have been changed after the provider was asked.
          pass.leave();
          Prepared newer = preparer_->renew_credentials(deadline, [this] { return socket_.interrupted(); });
          if (newer.failure) return std::move(newer.failure);
          if (newer.credentials.username != credentials.username ||
              newer.credentials.password != credentials.password) {
            credentials = std::move(newer.credentials);
            use_provided();
            action = machine.start();
            continue;
          }
        }
        return cause_of(failure);
      }
      case Kind::wait: {
        pass.leave();  // a loading server must not hold a permit
        if (!watcher.not_ready(machine.not_ready()) || Clock::now() + action.delay >= deadline)
          return lost(EAGAIN);
        if (const int error = pause(inbox, Clock::now() + action.delay); error != 0) return lost(error);
        if (inbox.flooded()) return inbox.failure(!settings.password.empty());
        action = machine.on_delay();
        continue;
      }
      case Kind::send: {
        bool sent = false;
        // Bytes that arrive before the request would be taken for its reply. After the TLS handshake, part of
        // a session ticket may have arrived.
        if (opening) {
          const int error = receive_available(inbox);
          if (error != EAGAIN && inbox.empty()) return lost(error);
        }
        if (!inbox.may_send(opening) || (!opening && socket_.holds_bytes()))
          return inbox.failure(!settings.password.empty());
        opening = false;
        inbox.sent();
        const int error = send_all({action.bytes, {}}, deadline, sent);
        if (error == EAGAIN || socket_.interrupted()) return lost(error);
        break;  // a server that closes at once (maxclients) sends its error before
      }
      case Kind::receive: break;
    }
    for (;;) {
      const HandshakeInbox::Next next = inbox.next();
      pushes_ += inbox.take_pushes();
      if (next == HandshakeInbox::Next::refused) return inbox.failure(!settings.password.empty());
      if (next == HandshakeInbox::Next::reply) break;
      TimePoint now = Clock::now();  // read anew each time: bytes that trickle in don't extend the deadline
      if (const int error = receive_more(inbox.room(), now, patience); error != 0) return lost(error);
      pass.received(now);
    }
    action = machine.on_reply(inbox.frame());
  }
}

}  // namespace redstart::inline v0::net
