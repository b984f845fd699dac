// SPDX-License-Identifier: Apache-2.0
// line.cpp: slot, permission, opening; words and counts.
#include "line.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::pool {

namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 20ms;

}  // namespace

Error LineShop::refusal(const engine::OperationNode& operation) const {
  const std::string_view name = engine::command_name(operation.request.bytes.view());
  if (net::forked(generation)) return database->error(name, Database::forked());
  if (stopping.load(std::memory_order_acquire))
    return database->failed(name, operation.request.replies, Database::closed());
  return database->expired(name, operation.request.replies);
}

Error LineShop::overload(const engine::OperationNode& operation,
                         const net::AsyncConnection::Load& load) const {
  const DatabaseConfig& config = database->config();
  const std::size_t pending = load.operations + load.given_up;
  ErrorInfo info;
  info.code = Errc::overloaded;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what =
      std::to_string(pending) + " commands of " + std::to_string(load.bytes) + " bytes wait already" +
      (load.given_up == 0 ? std::string() : ", " + std::to_string(load.given_up) + " of them given up") +
      ", the limits are " + std::to_string(config.max_pending) + " and " +
      std::to_string(config.max_pending_bytes);
  return database->failed(engine::command_name(operation.request.bytes.view()), operation.request.replies,
                          std::move(info));
}

void LineShop::began() {
  const std::scoped_lock lock(mutex_);
  ++alive_;
}

void LineShop::ended() {
  const std::scoped_lock lock(mutex_);
  if (--alive_ == 0) none_left_.notify_all();
}

bool LineShop::wait_for_end(TimePoint last) {
  std::unique_lock lock(mutex_);
  return none_left_.wait_until(lock, last, [this] { return alive_ == 0; });
}

void Line::connect_to(net::Loop loop, net::AsyncConnection::Kind kind) {
  timer_.emplace(loop.executor);
  acquire_timer_.emplace(loop.executor);
  shop_->began();
  connection_ =
      net::AsyncConnection::make(std::move(loop), shop_->database->config(), shop_->database->client_name(),
                                 shared_from_this(), kind, shop_->database->preparer());
}

void Line::want() {
  if (opening_ || in_line_ || connection_->ready()) return;
  if (!has_slot_) {
    self_ = shared_from_this();  // the line of waiters refers to this
    in_line_ = true;
    if (!shop_->slots->take_slot(*this)) return waits_for_room();
    in_line_ = false;
    self_.reset();
    has_slot_ = true;
    shop_->open.fetch_add(1, std::memory_order_relaxed);
  }
  const TimePoint now = Clock::now();
  const auto attempt = shop_->reachability->begin(now);
  if (!attempt) {
    if (attempt.error().code() == Errc::loading) return postponed();
    if (!shop_->reachability->failing()) waits_for_room();
    // While another line tries, the time for the next attempt is over already.
    return refused(attempt.error(), std::max(shop_->reachability->next_attempt(), now + look_again));
  }
  opening_ = true;
  attempt_ = *attempt;
  connection_->open();
}

// On whatever thread gave a slot back, its pool's lock held.
void Line::decided() noexcept {
  boost::asio::post(connection_->loop().executor, [self = shared_from_this()] { self->on_decided(); });
}

void Line::on_decided() {
  if (!in_line_) return;
  in_line_ = false;
  const auto self = std::exchange(self_, nullptr);
  has_slot_ = true;
  shop_->open.fetch_add(1, std::memory_order_relaxed);
  if (ended())
    give_slot_back();
  else
    want();
}

void Line::give_slot_back() {
  if (in_line_ && shop_->slots->leave_line(*this)) {
    in_line_ = false;
    self_.reset();
  }
  if (!std::exchange(has_slot_, false)) return;
  shop_->open.fetch_sub(1, std::memory_order_relaxed);
  shop_->slots->return_slot();
}

// From now on operations wait for a connection that others have, each for `timeouts.acquire` at most.
void Line::waits_for_room() {
  static_cast<void>(goes_elsewhere());
  const TimePoint now = Clock::now();
  const auto acquire = shop_->database->config().timeouts.acquire;
  if (!waits_since_) {
    waits_since_ = now;
    call_at(acquire_timer_, deadline_after(now, acquire), &Line::acquire_expired);
  } else if (now >= deadline_after(*waits_since_, acquire)) {
    acquire_expired();
  }
}

// An attempt under way has the time that it has, and a database that is away or loading is another matter.
void Line::acquire_expired() {
  if (!waits_since_ || opening_) return;
  const auto acquire = shop_->database->config().timeouts.acquire;
  const TimePoint now = Clock::now();
  std::optional<TimePoint> next;
  if (!goes_elsewhere() && !shop_->reachability->failing() && !shop_->reachability->not_ready_now(now)) {
    net::Outcome outcome;
    outcome.kind = net::Outcome::Kind::broken;
    outcome.code = Errc::pool_timeout;
    refusal_ = Error(shop_->reachability->no_connection());
    next = connection_->fail_queued(outcome, now - acquire);
  }
  call_at(acquire_timer_, deadline_after(next.value_or(now), acquire), &Line::acquire_expired);
}

// The connection is closed. Before anything is tried instead.
void Line::left(CloseReason reason) {
  if (!std::exchange(works_, false)) return;
  shop_->reachability->left(1, reason == CloseReason::idle);
  shop_->slots->reconsider();
}

void Line::opened(net::AsyncConnection&) {
  opening_ = false;
  works_ = true;
  waits_since_.reset();
  if (acquire_timer_) acquire_timer_->cancel();
  silence_ = {Clock::now(), 0, 0, {}};
  ready_ = shop_->reachability->succeeded(attempt_);
  shop_->slots->refill();
  shop_->slots->reconsider();
}

void Line::open_failed(net::AsyncConnection&, const net::OpenFailure& failure) {
  opening_ = false;
  const TimePoint now = Clock::now();
  const auto elapsed = now - attempt_.began;
  if (failure.code == Errc::loading || failure.code == Errc::closed) {
    static_cast<void>(shop_->reachability->inconclusive(attempt_, failure, now, elapsed));
    shop_->slots->reconsider();
    if (failure.code == Errc::loading) postponed();
    return;
  }
  shop_->slots->close_dead();
  if (failure.code == Errc::connect_timeout && shop_->reachability->hopeful())
    shop_->slots->ask_unused(attempt_.began);
  const Error error = shop_->reachability->failed(attempt_, failure, now, elapsed);
  shop_->slots->reconsider();
  if (!shop_->reachability->failing()) waits_for_room();
  const TimePoint next = shop_->reachability->next_attempt();
  if (shop_->reachability->full()) shop_->slots->make_room(*this);
  refused(error, next);
}

void Line::fail_waiting(const Error& error) {
  net::Outcome outcome;
  outcome.kind = net::Outcome::Kind::broken;
  outcome.code = error.code();
  outcome.effect = Effect::not_sent;
  refusal_ = error;  // `failed` is asked a little later
  waits_since_.reset();
  connection_->fail_queued(outcome);
}

void Line::call_at(std::optional<boost::asio::steady_timer>& timer, TimePoint time, void (Line::*action)()) {
  if (!timer || time == TimePoint::max()) return;
  timer->expires_at(time);
  timer->async_wait([weak = weak_from_this(), action](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->ended()) ((*self).*action)();
  });
}

void Line::note_closed(CloseReason reason) {
  left(reason);
  shop_->closed_by[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  pushed(*connection_);
  shop_->reachability->lost(ready_, reason, Clock::now());
  shop_->database->emit(EventKind::disconnected, to_string(reason));
}

void Line::pushed(net::AsyncConnection& connection) {
  const std::uint64_t messages = connection.take_pushes();
  if (messages == 0) return;
  shop_->pushes_dropped.fetch_add(messages, std::memory_order_relaxed);
  shop_->database->pushes_dropped(messages);
}

void Line::answered(net::AsyncConnection& connection, std::size_t commands, std::size_t errors,
                    std::chrono::nanoseconds latency) {
  if (errors < commands) shop_->reachability->answered(ready_.number);  // errors were looked at before
  Breaker& breaker = shop_->database->breaker();
  const TimePoint now = net::turn_now();
  breaker.tick(now);
  breaker.note_answers(silence_, now, commands);
  shop_->database->counters().answered(connection.loop().shard, commands, errors, latency);
}

void Line::stop(TimePoint deadline) noexcept { connection_->stop(deadline); }

void Line::stopped(net::AsyncConnection&) {
  const auto self = shared_from_this();
  if (std::exchange(opening_, false)) shop_->reachability->given_up(attempt_, Clock::now());
  left(CloseReason::shutdown);
  give_slot_back();
  timer_.reset();
  acquire_timer_.reset();
  has_ended();
}

void Line::abandon() noexcept {
  const auto self = shared_from_this();
  timer_.reset();
  acquire_timer_.reset();
  // A slot that was handed over is told on the loop, where nobody hears it any more.
  if (std::exchange(in_line_, false)) {
    if (!shop_->slots->leave_line(*this)) shop_->slots->return_slot();
    self_.reset();
  }
  connection_->abandon();
  if (std::exchange(opening_, false)) shop_->reachability->given_up(attempt_, Clock::now());
  left(CloseReason::shutdown);
  give_slot_back();
  has_ended();
}

void Line::has_ended() {
  if (ended_.exchange(true, std::memory_order_acq_rel)) return;
  on_ended();
  shop_->ended();
}

}  // namespace redstart::pool
