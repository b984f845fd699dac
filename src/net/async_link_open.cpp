// SPDX-License-Identifier: Apache-2.0
// async_link_open.cpp: opens the connection of an AsyncLink: preparation, gate, connect, TLS, handshake.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"
#include "descriptors.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0::net {

void AsyncLink::start_opening() {
  state_ = State::opening;
  wanted_notified_ = true;
  ++epoch_;
  opening_ = std::make_unique<Opening>(loop_.executor, config_, client_name_,
                                       deadline_after(now_, config_.timeouts.connect));
  arm_opening(opening_->deadline);
  // The callback may run on any thread, long after this connection was destroyed.
  opening_->subscription = preparer_->prepare(
      now_, opening_->progress, [link = std::weak_ptr<AsyncLink>(self()), epoch = epoch_](Prepared prepared) {
        if (const auto alive = link.lock()) alive->send_mail(PreparationDone{epoch, std::move(prepared)});
      });
}

// Take a permit only after the preparation, so that slow DNS, files or credential providers don't hold one.
void AsyncLink::apply(PreparationDone& mail) {
  if (!opening_ || mail.epoch != epoch_ || opening_->phase != Opening::Phase::prepare) return;
  Prepared& prepared = mail.prepared;
  if (prepared.failure) return open_failed(*std::move(prepared.failure));
  opening_->addresses = std::move(prepared.resolved.addresses);
  opening_->tls = std::move(prepared.tls);
  if (config_.credentials) opening_->use(std::move(prepared.credentials));
  opening_->phase = Opening::Phase::gate;
  // On any thread, possibly after this connection was destroyed.
  auto on_admitted = [link = std::weak_ptr<AsyncLink>(self()), epoch = epoch_](HandshakeGate::Pass pass) {
    auto shared = std::make_shared<HandshakeGate::Pass>(std::move(pass));
    if (const auto alive = link.lock()) alive->send_mail(PermitGranted{epoch, std::move(shared)});
  };
  if (auto pass = HandshakeGate::process().enter(to_string(config_.endpoint), now_, std::move(on_admitted),
                                                 opening_->waiter)) {
    opening_->pass = std::make_shared<HandshakeGate::Pass>(std::move(pass));
    start_connecting();
  } else {
    wait_at_gate();
  }
}

// Sets the timer after which permits of silent attempts are withdrawn.
void AsyncLink::wait_at_gate() {
  arm_opening(std::min<TimePoint>(now_ + HandshakeGate::default_patience / 4, opening_->deadline));
}

void AsyncLink::restart_patience() noexcept {
  if (opening_->pass) opening_->pass->received(now_);
}

void AsyncLink::apply(PermitGranted& mail) {
  if (!opening_ || mail.epoch != epoch_ || opening_->phase != Opening::Phase::gate) return;
  opening_->waiter = 0;
  opening_->pass = std::move(mail.pass);
  start_connecting();
}

void AsyncLink::start_connecting() {
  opening_->phase = Opening::Phase::connect;
  opening_->rounds = AddressRounds(opening_->addresses.size(), opening_->deadline);
  connect_next();
}

void AsyncLink::connect_next() {
  Opening& opening = *opening_;
  for (;;) {
    const auto attempt = opening.rounds.next(now_);
    if (!attempt) return open_failed(failure::not_connected(opening.rounds.error()));
    const Address& address = opening.addresses[attempt->address];
    const int fd = open_stream(address, {config_.keepalive, silence_limit_of(config_.timeouts)});
    if (fd < 0) {
      opening.rounds.failed(-fd);
      continue;
    }
    const int error = start_connect(fd, address);
    if (error != 0 && error != EINPROGRESS) {
      close_stream(fd);
      opening.rounds.failed(error);
      continue;
    }
    boost::system::error_code failed;
    socket_.emplace(loop_.executor);
    socket_->assign(boost::asio::generic::stream_protocol(address.storage.ss_family, 0), fd, failed);
    if (failed) {
      socket_.reset();
      close_stream(fd);
      opening.rounds.failed(failed.value());
      continue;
    }
    fd_ = fd;
    if (error == 0) return secure();
    arm_opening(attempt->until);
    socket_->async_wait(Socket::wait_write,
                        [link = self(), epoch = epoch_](const boost::system::error_code&) {
                          if (epoch != link->epoch_) return;
                          link->turn([&link = *link, epoch] {
                            if (epoch == link.epoch_ && link.opening_) link.on_connected();
                          });
                        });
    return;
  }
}

void AsyncLink::on_connected() {
  if (opening_->phase != Opening::Phase::connect || !socket_) return;
  const int error = connect_result(fd_);
  restart_patience();
  if (error == 0) return secure();
  close_socket();
  opening_->rounds.failed(error);
  connect_next();
}

// With TLS, no Redis command is sent before the TLS handshake has verified the server.
void AsyncLink::secure() {
  if (!opening_->tls) return start_handshake();
  opening_->phase = Opening::Phase::tls;
  arm_opening(opening_->deadline);
  tls_ = std::make_unique<TlsSession>(std::move(opening_->tls),
                                      TlsName::of(config_.tls, config_.endpoint.host), fd_);
  drive_tls();
}

void AsyncLink::drive_tls() {
  restart_patience();
  const IoResult result = tls_->handshake();
  if (tls_->established()) return start_handshake();
  if (result.error != EAGAIN) return open_failed(tls_->failure());
  socket_->async_wait(tls_->wants_write() ? Socket::wait_write : Socket::wait_read,
                      [link = self(), epoch = epoch_](const boost::system::error_code&) {
                        if (epoch != link->epoch_) return;
                        link->turn([&link = *link, epoch] {
                          if (epoch == link.epoch_ && link.opening_) link.drive_tls();
                        });
                      });
}

void AsyncLink::start_handshake() {
  arm_opening(opening_->deadline);
  written_ = gathered_ = 0;
  drive_handshake(true);
}

void AsyncLink::handshake_received(std::size_t n) {
  engine::ReplyBuffer& buffer = opening_->inbox.room(n);
  std::copy_n(inline_, n, buffer.end());
  buffer.commit(n);
  restart_patience();
  if (opening_->inbox.flooded()) return open_failed(unusable_answer());
  if (opening_->phase == Opening::Phase::answer) drive_handshake(false);
}

// Like `handshake_received`, but reads through the TLS session.
void AsyncLink::handshake_readable() {
  const int error = receive_available();
  if (opening_->inbox.flooded()) return open_failed(unusable_answer());
  if (error != EAGAIN) return open_failed(handshake_lost(error));
  restart_patience();
  if (opening_->phase == Opening::Phase::answer) drive_handshake(false);
}

// Reads until nothing is left, because the socket doesn't report what the TLS session holds. Returns EAGAIN
// unless the connection has ended.
int AsyncLink::receive_available() {
  for (;;) {
    engine::ReplyBuffer& buffer = opening_->inbox.room(inline_size);
    const std::size_t room = buffer.space();
    const IoResult result = read_some(buffer.end(), room);
    buffer.commit(result.bytes);
    if (result.bytes == room && !opening_->inbox.flooded()) continue;
    if (result.bytes != 0 || result.error == EAGAIN) return EAGAIN;
    return result.error == 0 ? end_of_stream : result.error;
  }
}

Cause AsyncLink::unusable_answer() const {
  return opening_->inbox.failure(!opening_->settings.password.empty());
}

// The server refused the password: it may have been changed since the provider was asked.
void AsyncLink::renew_credentials() {
  opening_->credentials_renewed = true;
  opening_->pass.reset();  // a slow provider must not hold a permit
  opening_->phase = Opening::Phase::renew;
  opening_->subscription = preparer_->renew_credentials(
      now_, [link = std::weak_ptr<AsyncLink>(self()), epoch = epoch_](Prepared prepared) {
        if (const auto alive = link.lock()) alive->send_mail(CredentialsRenewed{epoch, std::move(prepared)});
      });
}

void AsyncLink::apply(CredentialsRenewed& mail) {
  if (!opening_ || mail.epoch != epoch_ || opening_->phase != Opening::Phase::renew) return;
  if (mail.prepared.failure) return open_failed(*std::move(mail.prepared.failure));
  const Credentials& given = mail.prepared.credentials;
  if (given.username == opening_->credentials.username && given.password == opening_->credentials.password)
    return open_failed(handshake_refused());
  opening_->use(std::move(mail.prepared.credentials));
  drive_handshake(true);
}

Cause AsyncLink::handshake_refused() const { return cause_of(opening_->machine.failure()); }

// Carries out the actions of the state machine until it needs a reply that has not arrived. `first`: the
// machine starts, or its delay is over.
void AsyncLink::drive_handshake(bool first) {
  using Do = protocol::HandshakeFsm::Action::Kind;
  Opening& opening = *opening_;
  protocol::HandshakeFsm::Action action;
  if (first)
    action = opening.phase == Opening::Phase::wait ? opening.machine.on_delay() : opening.machine.start();
  opening.phase = Opening::Phase::answer;
  for (;;) {
    switch (action.kind) {
      case Do::ready:
        if (!opening.inbox.ends_here() || (tls_ && tls_->holds_bytes()))
          return open_failed(unusable_answer());
        pushes_ += opening.inbox.take_pushes();  // those after the last reply
        owner_->ready(opening.machine);
        return opened();
      case Do::fail: {
        const auto& failure = opening.machine.failure();
        if (config_.credentials && !opening.credentials_renewed &&
            wrong_password(failure.code, failure.server))
          return renew_credentials();
        return open_failed(handshake_refused());
      }
      case Do::wait:
        opening.pass.reset();  // a loading server must not hold a permit
        if (!owner_->not_ready(opening.machine.not_ready())) return open_failed(handshake_lost(EAGAIN));
        opening.phase = Opening::Phase::wait;
        return arm_opening(std::min(now_ + action.delay, opening.deadline));
      case Do::send:
        // Bytes that arrive before the request would be taken for its reply. After the TLS handshake, part of
        // a session ticket may have arrived.
        if (opening.nothing_sent) {
          const int error = receive_available();
          if (error != EAGAIN && opening.inbox.empty()) return open_failed(handshake_lost(error));
        }
        if (!opening.inbox.may_send(opening.nothing_sent) ||
            (!opening.nothing_sent && tls_ && tls_->holds_bytes()))
          return open_failed(unusable_answer());
        opening.nothing_sent = false;
        opening.inbox.sent();
        write(action.bytes);
        break;
      case Do::receive: break;
    }
    const HandshakeInbox::Next next = opening.inbox.next();
    pushes_ += opening.inbox.take_pushes();
    switch (next) {
      case HandshakeInbox::Next::incomplete: return;
      case HandshakeInbox::Next::refused: return open_failed(unusable_answer());
      case HandshakeInbox::Next::reply: break;
    }
    action = opening.machine.on_reply(opening.inbox.frame());
  }
}

Cause AsyncLink::handshake_lost(int error) const {
  // With TLS 1.3, the server reports only after the TLS handshake that it refused the client certificate.
  if (tls_ && tls_->at_fault()) return tls_->failure();
  if (error == EAGAIN && opening_->machine.loading())
    return failure::not_ready(describe(opening_->machine.not_ready()));
  return failure::handshake_lost(error, opening_->machine.awaited());
}

void AsyncLink::arm_opening(TimePoint time) {
  opening_->timer.expires_at(time);
  opening_->timer.async_wait(
      [link = self(), epoch = epoch_, step = ++opening_->step](const boost::system::error_code& error) {
        const auto current = [&link = *link, epoch, step] {
          return link.epoch_ == epoch && link.opening_ && link.opening_->step == step;
        };
        if (error || !current()) return;
        link->turn([&link = *link, current] {
          if (current()) link.on_opening_timer();
        });
      });
}

void AsyncLink::on_opening_timer() {
  const bool late = now_ >= opening_->deadline;
  switch (opening_->phase) {
    case Opening::Phase::prepare: return open_failed(preparation_timeout(*opening_->progress));
    case Opening::Phase::gate:
      if (!late) {
        HandshakeGate::process().expire(now_);  // if it admits this attempt, `PermitGranted` arrives by mail
        return wait_at_gate();
      }
      return open_failed(failure::handshakes_busy());
    case Opening::Phase::connect:
      close_socket();
      opening_->rounds.failed(ETIMEDOUT);
      return connect_next();
    case Opening::Phase::tls: return open_failed(failure::tls_timeout());
    case Opening::Phase::answer: return open_failed(handshake_lost(EAGAIN));
    case Opening::Phase::renew: return open_failed(preparation_timeout(PreparationStep::provider));
    case Opening::Phase::wait:
      if (late) return open_failed(handshake_lost(EAGAIN));
      arm_opening(opening_->deadline);
      return drive_handshake(true);
  }
}

void AsyncLink::open_failed(Cause failure) {
  opening_.reset();
  close_socket();
  state_ = State::closed;
  notify_failed_ = std::make_unique<Cause>(std::move(failure));
}

void AsyncLink::opened() {
  opening_.reset();
  state_ = State::ready;
  scanner_.reset();
  written_ = gathered_ = 0;
  head_since_ = opened_at_ = now_;
  last_used_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
  check_due_.store(false, std::memory_order_relaxed);
  wanted_notified_ = false;
  notify_opened_ = true;
}

}  // namespace redstart::inline v0::net
