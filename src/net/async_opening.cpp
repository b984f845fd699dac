// SPDX-License-Identifier: Apache-2.0
// async_opening.cpp: carries out the actions of OpeningFsm on a loop.
#include "async_opening.hpp"

#include <redstart/resilience/random.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

namespace redstart::inline v0::net {

namespace {

constexpr std::size_t usual_replies = 768;

}  // namespace

// The part of an attempt that handlers and other threads refer to. It may outlive the attempt.
struct AsyncOpening::Door {
  std::mutex mutex{};               // guards all members; on the loop, the first two are read without it
  AsyncOpening* opening = nullptr;  // null: the attempt has ended, nothing may be posted
  boost::asio::any_io_executor executor{};
  std::optional<Prepared> prepared{};  // of the preparation, or of the renewal of credentials
  std::unique_ptr<HandshakeGate::Pass> pass{};
};

AsyncOpening::AsyncOpening(const Loop& loop, const DatabaseConfig& config, const std::string& client_name,
                           std::shared_ptr<Preparer> preparer, OpenWatcher& watcher, TimePoint deadline,
                           Done done)
    : config_(config),
      preparer_(std::move(preparer)),
      watcher_(watcher),
      done_(std::move(done)),
      machine_(config, client_name, Random(random_seed()).unit(), deadline),
      door_(std::make_shared<Door>()),
      timer_(loop.executor) {
  door_->opening = this;
  door_->executor = loop.executor;
}

AsyncOpening::~AsyncOpening() {
  if (waiter_ != 0) HandshakeGate::process().cancel(waiter_);
  std::optional<Prepared> unread;  // freed without the lock: the permit goes back to the gate
  std::unique_ptr<HandshakeGate::Pass> unused;
  // The context may be destroyed after this. The lock waits for threads that are posting.
  const std::scoped_lock lock(door_->mutex);
  door_->opening = nullptr;
  door_->executor = {};
  unread.swap(door_->prepared);
  unused.swap(door_->pass);
}

// Runs a handler on the loop and carries out the action that it returns.
template <class Work>
void AsyncOpening::turn(Door& door, Work work) {
  AsyncOpening* const opening = door.opening;
  if (opening == nullptr) return;
  const CycleMark read = CycleMark::now();
  const TimePoint now = Clock::now();
  const LoopThreadMark mark(read, now);
  opening->now_ = now;
  opening->carry_out(work(*opening));
}

template <class Work>
auto AsyncOpening::on_socket(Work work) const {
  return [door = door_, epoch = epoch_, work](const boost::system::error_code&) {
    turn(*door, [epoch, work](AsyncOpening& self) { return epoch == self.epoch_ ? work(self) : Next(); });
  };
}

// On any thread, possibly after the attempt has ended.
template <class Put>
void AsyncOpening::post(const std::shared_ptr<Door>& door, Put put) {
  const std::scoped_lock lock(door->mutex);
  if (door->opening == nullptr) return;
  put(*door);
  boost::asio::post(door->executor,
                    [door] { turn(*door, [](AsyncOpening& self) { return self.take_mail(); }); });
}

Preparer::Done AsyncOpening::answer() const {
  return [door = door_](Prepared prepared) {
    post(door, [&prepared](Door& open) { open.prepared.emplace(std::move(prepared)); });
  };
}

void AsyncOpening::start(TimePoint now) {
  now_ = now;
  carry_out(machine_.start());
}

// The last action destroys this.
void AsyncOpening::carry_out(Next next) {
  while (next) {
    const Action action = *next;
    if (action.returns_permit) pass_.reset();
    if (action.until != TimePoint{}) {
      until_ = action.until;
      arm(until_);
    }
    next = begin(action);
  }
}

AsyncOpening::Next AsyncOpening::begin(const Action& action) {
  switch (action.kind) {
    case Kind::prepare: subscription_ = preparer_->prepare(now_, progress_, answer()); break;
    case Kind::get_permit: return get_permit();
    case Kind::connect: return connect(prepared_.resolved.addresses[action.address]);
    case Kind::secure:
      stream_.tls = std::make_unique<TlsSession>(prepared_.tls,
                                                 TlsName::of(config_.tls, config_.endpoint.host), stream_.fd);
      return secure();
    case Kind::look: return receive();
    case Kind::send: unsent_ = action.bytes; return send();
    case Kind::read:
    case Kind::wait: await_bytes(); break;
    case Kind::ask: return machine_.on_asked(now_, watcher_.not_ready(machine_.not_ready()));
    case Kind::renew: subscription_ = preparer_->renew_credentials(now_, answer()); break;
    case Kind::ready: return finish(std::nullopt);
    case Kind::fail: return finish(machine_.failure());
    case Kind::none: break;
  }
  return std::nullopt;
}

AsyncOpening::Next AsyncOpening::take_mail() {
  std::optional<Prepared> prepared;
  std::unique_ptr<HandshakeGate::Pass> pass;
  {
    const std::scoped_lock lock(door_->mutex);
    prepared.swap(door_->prepared);
    pass.swap(door_->pass);
  }
  if (pass && machine_.state() == Machine::State::permit) {
    waiter_ = 0;
    pass_ = std::move(pass);
    return machine_.on_permit(now_);
  }
  if (!prepared) return std::nullopt;
  if (machine_.state() == Machine::State::renewing) return machine_.on_renewed(take_facts(*prepared));
  prepared_ = *std::move(prepared);
  if (!prepared_.failure) watcher_.reached(OpenWatcher::Step::resolved);
  return machine_.on_prepared(take_facts(prepared_));
}

AsyncOpening::Next AsyncOpening::get_permit() {
  const auto on_admitted = [door = door_](HandshakeGate::Pass pass) {
    auto moved = std::make_unique<HandshakeGate::Pass>(std::move(pass));
    post(door, [&moved](Door& open) { open.pass = std::move(moved); });
  };
  if (auto pass = HandshakeGate::process().enter(to_string(config_.endpoint), now_, on_admitted, waiter_)) {
    pass_ = std::make_unique<HandshakeGate::Pass>(std::move(pass));
    return machine_.on_permit(now_);
  }
  arm(std::min<TimePoint>(now_ + HandshakeGate::default_patience / 4, until_));
  return std::nullopt;
}

AsyncOpening::Next AsyncOpening::connect(const Address& address) {
  ++epoch_;
  stream_.close();
  const int fd = open_stream(address, {config_.keepalive, silence_limit_of(config_.timeouts)});
  if (fd < 0) return machine_.on_connected(now_, -fd);
  const int started = start_connect(fd, address);
  boost::system::error_code failed;
  if (started == 0 || started == EINPROGRESS) {
    stream_.socket.emplace(door_->executor);
    stream_.socket->assign(boost::asio::generic::stream_protocol(address.storage.ss_family, 0), fd, failed);
    if (failed) stream_.socket.reset();
  }
  if (!stream_.socket) {
    close_stream(fd);
    return machine_.on_connected(now_, failed ? failed.value() : started);
  }
  stream_.fd = fd;
  if (started == 0) return connected(0);
  stream_.socket->async_wait(OpenedStream::Socket::wait_write, on_socket([](AsyncOpening& self) {
                               return self.connected(connect_result(self.stream_.fd));
                             }));
  return std::nullopt;
}

AsyncOpening::Next AsyncOpening::connected(int error) {
  restart_patience();
  if (error == 0) watcher_.reached(OpenWatcher::Step::connected);
  return machine_.on_connected(now_, error);
}

AsyncOpening::Next AsyncOpening::secure() {
  restart_patience();
  TlsSession& tls = *stream_.tls;
  const IoResult result = tls.handshake();
  if (tls.established()) {
    watcher_.reached(OpenWatcher::Step::secured);
    return machine_.on_secured(std::nullopt);
  }
  if (result.error != EAGAIN) return machine_.on_secured(tls.failure());
  stream_.socket->async_wait(
      tls.wants_write() ? OpenedStream::Socket::wait_write : OpenedStream::Socket::wait_read,
      on_socket([](AsyncOpening& self) { return self.secure(); }));
  return std::nullopt;
}

AsyncOpening::Next AsyncOpening::send() {
  while (!unsent_.empty()) {
    const IoResult result = stream_.write_some(unsent_);
    unsent_.remove_prefix(result.bytes);
    if (result.error == EAGAIN) {
      stream_.socket->async_wait(OpenedStream::Socket::wait_write,
                                 on_socket([](AsyncOpening& self) { return self.send(); }));
      return std::nullopt;
    }
    if (result.error != 0) break;
  }
  return machine_.on_sent();
}

// A wait that began while the server was loading may still be pending.
void AsyncOpening::await_bytes() {
  if (std::exchange(reading_, true)) return;
  stream_.socket->async_wait(OpenedStream::Socket::wait_read, on_socket([](AsyncOpening& self) -> Next {
                               self.reading_ = false;
                               const auto state = self.machine_.state();
                               if (state != Machine::State::replying && state != Machine::State::waiting)
                                 return std::nullopt;
                               return self.receive();
                             }));
}

// Reads until nothing is left, because the socket doesn't report what the TLS session holds.
AsyncOpening::Next AsyncOpening::receive() {
  Machine::ReadEnd end;
  for (;;) {
    engine::ReplyBuffer& buffer = machine_.room(usual_replies);
    const std::size_t room = buffer.space();
    const IoResult result = stream_.read_some(buffer.end(), room);
    buffer.commit(result.bytes);
    if (result.bytes != 0) restart_patience();
    if (result.bytes == room && !machine_.flooded()) continue;
    if (result.bytes == 0) end.error = result.error == 0 ? protocol::end_of_stream : result.error;
    break;
  }
  if (stream_.tls) {
    end.holds_bytes = stream_.tls->holds_bytes();
    if (end.error != EAGAIN && stream_.tls->at_fault()) end.tls = stream_.tls->failure();
  }
  return machine_.on_read(std::move(end));
}

void AsyncOpening::arm(TimePoint time) {
  if (time == armed_) return;
  armed_ = time;
  timer_.expires_at(time);
  timer_.async_wait([door = door_, number = ++timer_number_](const boost::system::error_code&) {
    turn(*door,
         [number](AsyncOpening& self) { return number == self.timer_number_ ? self.on_timer() : Next(); });
  });
}

AsyncOpening::Next AsyncOpening::on_timer() {
  armed_ = {};
  if (now_ >= until_) return machine_.on_timer(now_, *progress_);
  // Waits at the gate. If the gate admits this attempt, the pass arrives as mail.
  HandshakeGate::process().expire(now_);
  arm(std::min<TimePoint>(now_ + HandshakeGate::default_patience / 4, until_));
  return std::nullopt;
}

void AsyncOpening::restart_patience() noexcept {
  if (pass_) pass_->received(now_);
}

AsyncOpening::Next AsyncOpening::finish(std::optional<Cause> failure) {
  ++epoch_;
  ++timer_number_;
  timer_.cancel();
  OpeningResult result;
  result.pushes = machine_.take_pushes();
  if (failure) {
    stream_.close();
    result.failure = std::move(failure);
  } else {
    boost::system::error_code ignored;
    if (reading_) stream_.socket->cancel(ignored);
    watcher_.ready(machine_.handshake());
    result.renewal = machine_.renewal();
    result.stream = std::move(stream_);
  }
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));  // may destroy this
  return std::nullopt;
}

}  // namespace redstart::inline v0::net
