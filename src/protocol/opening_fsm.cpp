// SPDX-License-Identifier: Apache-2.0
// opening_fsm.cpp: the steps of a connect attempt and the meaning of its failures.
#include "opening_fsm.hpp"

#include "../core/failures.hpp"

#include <utility>

namespace redstart::inline v0::protocol {

namespace {

HandshakeSettings settings_of(const DatabaseConfig& config, const std::string& client_name, double random) {
  HandshakeSettings settings;
  settings.username = config.username;
  settings.password = config.password.reveal();
  settings.client_name = client_name;
  settings.number = config.number.value_or(0);
  settings.protocol = config.protocol;
  settings.random = random;
  settings.extent = config.handshake;
  settings.integrity = config.integrity;
  return settings;
}

// True if the server refused the password itself, so that newer credentials may be accepted.
bool wrong_password(const HandshakeFsm::Failure& failure) noexcept {
  return failure.code == Errc::authentication_failed &&
         (failure.server.starts_with("WRONGPASS") || failure.server.starts_with("ERR invalid password"));
}

}  // namespace

Cause preparation_timeout(PreparationStep step) {
  switch (step) {
    case PreparationStep::files: return failure::tls_files_timeout();
    case PreparationStep::provider: return failure::provider_timeout();
    case PreparationStep::lookup: break;
  }
  return failure::lookup_timeout();
}

OpeningFsm::OpeningFsm(const DatabaseConfig& config, const std::string& client_name, double random,
                       TimePoint deadline)
    : settings_(settings_of(config, client_name, random)),
      inbox_(config.limits),
      provided_(config.credentials != nullptr),
      deadline_(deadline) {}

OpeningFsm::Action OpeningFsm::enter(State state, Kind kind) noexcept {
  state_ = state;
  Action action;
  action.kind = kind;
  action.until = deadline_;
  return action;
}

OpeningFsm::Action OpeningFsm::fail(Cause why) {
  failure_ = std::move(why);
  state_ = State::failed;
  Action action;
  action.kind = Kind::fail;
  action.returns_permit = true;
  return action;
}

OpeningFsm::Action OpeningFsm::start() { return enter(State::preparing, Kind::prepare); }

// The permit is asked for after the preparation, so that slow DNS, files or credential providers don't hold
// one.
OpeningFsm::Action OpeningFsm::on_prepared(Preparation prepared) {
  if (state_ != State::preparing) return {};
  if (prepared.failure) return fail(*std::move(prepared.failure));
  if (provided_) use(prepared);
  tls_ = prepared.tls;
  rounds_ = AddressRounds(prepared.addresses, deadline_);
  return enter(State::permit, Kind::get_permit);
}

OpeningFsm::Action OpeningFsm::on_permit(TimePoint now) {
  if (state_ != State::permit) return {};
  return next_address(now);
}

OpeningFsm::Action OpeningFsm::next_address(TimePoint now) {
  const auto attempt = rounds_.next(now);
  if (!attempt) return fail(failure::not_connected(rounds_.error()));
  Action action = enter(State::connecting, Kind::connect);
  action.address = attempt->address;
  action.until = attempt->until;
  return action;
}

// With TLS, no Redis command is sent before the TLS handshake has verified the server.
OpeningFsm::Action OpeningFsm::on_connected(TimePoint now, int error) {
  if (state_ != State::connecting) return {};
  if (error != 0) {
    rounds_.failed(error);
    return next_address(now);
  }
  return tls_ ? enter(State::securing, Kind::secure) : start_handshake();
}

OpeningFsm::Action OpeningFsm::on_secured(std::optional<Cause> failure) {
  if (state_ != State::securing) return {};
  if (failure) return fail(*std::move(failure));
  return start_handshake();
}

OpeningFsm::Action OpeningFsm::start_handshake() {
  look_first_ = true;
  return advance(handshake_.start());
}

OpeningFsm::Action OpeningFsm::advance(HandshakeFsm::Action next) {
  using Do = HandshakeFsm::Action::Kind;
  switch (next.kind) {
    case Do::send:
      request_ = next.bytes;
      if (std::exchange(look_first_, false)) {
        Action look = enter(State::looking, Kind::look);
        look.until = {};
        return look;
      }
      return send_request();
    case Do::receive: return take_replies();
    case Do::wait: {
      delay_ = next.delay;
      Action ask = enter(State::asking, Kind::ask);
      ask.until = {};
      ask.returns_permit = true;  // a server that is loading must not hold one
      return ask;
    }
    case Do::ready: return finish();
    case Do::fail: break;
  }
  return refused();
}

// Bytes that arrive before a request would be taken for its reply. Right after the TLS handshake, part of a
// session ticket may have arrived.
OpeningFsm::Action OpeningFsm::send_request() {
  if (!inbox_.may_send(nothing_sent_) || (!nothing_sent_ && end_.holds_bytes)) return unusable();
  nothing_sent_ = false;
  inbox_.sent();
  Action action = enter(State::sending, Kind::send);
  action.bytes = request_;
  return action;
}

OpeningFsm::Action OpeningFsm::on_sent() {
  if (state_ != State::sending) return {};
  return take_replies();
}

OpeningFsm::Action OpeningFsm::take_replies() {
  for (;;) {
    switch (inbox_.next()) {
      case HandshakeInbox::Next::refused: return unusable();
      case HandshakeInbox::Next::incomplete:
        return end_.error != EAGAIN ? lost(end_.error) : enter(State::replying, Kind::read);
      case HandshakeInbox::Next::reply: break;
    }
    const auto next = handshake_.on_reply(inbox_.frame());
    if (next.kind != HandshakeFsm::Action::Kind::receive) return advance(next);
  }
}

OpeningFsm::Action OpeningFsm::on_read(ReadEnd end) {
  const bool reads = state_ == State::looking || state_ == State::replying || state_ == State::late ||
                     state_ == State::waiting;
  if (!reads) return {};
  end_ = std::move(end);
  if (inbox_.flooded()) return unusable();
  if (state_ == State::looking) {
    if (end_.error != EAGAIN && inbox_.unread() == 0) return lost(end_.error);
    return send_request();
  }
  if (state_ == State::waiting) {
    if (end_.error != EAGAIN) return lost(end_.error);
    Action action = enter(State::waiting, Kind::wait);
    action.until = poll_at_;
    return action;
  }
  if (state_ == State::late && inbox_.unread() == unread_) return lost(end_.error);
  return take_replies();
}

OpeningFsm::Action OpeningFsm::finish() {
  if (!inbox_.ends_here() || end_.holds_bytes) return unusable();
  state_ = State::ready;
  Action action;
  action.kind = Kind::ready;
  action.returns_permit = true;
  return action;
}

// The server has refused a command of the handshake.
OpeningFsm::Action OpeningFsm::refused() {
  if (!provided_ || !wrong_password(handshake_.failure()) || std::exchange(renewed_, true))
    return fail(cause_of(handshake_.failure()));
  // The password may have been changed after the provider was asked.
  Action action = enter(State::renewing, Kind::renew);
  action.returns_permit = true;  // a slow provider must not hold one
  return action;
}

OpeningFsm::Action OpeningFsm::on_renewed(Preparation renewed) {
  if (state_ != State::renewing) return {};
  if (renewed.failure) return fail(*std::move(renewed.failure));
  const Credentials& given = renewed.credentials;
  if (given.username == credentials_.username && given.password == credentials_.password)
    return fail(cause_of(handshake_.failure()));
  use(renewed);
  return start_handshake();
}

OpeningFsm::Action OpeningFsm::on_asked(TimePoint now, bool may_wait) {
  if (state_ != State::asking) return {};
  poll_at_ = deadline_after(now, delay_);
  if (!may_wait || poll_at_ >= deadline_) return lost(EAGAIN);
  Action action = enter(State::waiting, Kind::wait);
  action.until = poll_at_;
  return action;
}

OpeningFsm::Action OpeningFsm::on_timer(TimePoint now, PreparationStep step) {
  switch (state_) {
    case State::preparing: return fail(preparation_timeout(step));
    case State::permit: return fail(failure::handshakes_busy());
    case State::connecting: return on_connected(now, ETIMEDOUT);
    case State::securing: return fail(failure::tls_timeout());
    case State::sending: return lost(EAGAIN);
    case State::replying: {
      // If the process was stopped, the reply may have arrived although the deadline has passed.
      unread_ = inbox_.unread();
      Action look = enter(State::late, Kind::look);
      look.until = {};
      return look;
    }
    case State::waiting: return now >= deadline_ ? lost(EAGAIN) : advance(handshake_.on_delay());
    case State::renewing: return fail(preparation_timeout(PreparationStep::provider));
    case State::looking:
    case State::late:
    case State::asking:
    case State::ready:
    case State::failed: break;
  }
  return {};
}

OpeningFsm::Action OpeningFsm::on_interrupted() {
  if (state_ == State::ready) return {};
  return fail(failure::interrupted());
}

OpeningFsm::Action OpeningFsm::unusable() { return fail(inbox_.failure(!settings_.password.empty())); }

OpeningFsm::Action OpeningFsm::lost(int error) {
  // With TLS 1.3, the server reports only after the TLS handshake that it refused the client certificate.
  if (error != EAGAIN && end_.tls) return fail(*end_.tls);
  if (error == EAGAIN && handshake_.loading())
    return fail(failure::not_ready(describe(handshake_.not_ready())));
  return fail(failure::handshake_lost(error, handshake_.awaited()));
}

void OpeningFsm::use(Preparation& prepared) {
  credentials_ = std::move(prepared.credentials);
  term_ = prepared.term;
  settings_.username = credentials_.username;
  settings_.password = credentials_.password.reveal();
}

}  // namespace redstart::inline v0::protocol
