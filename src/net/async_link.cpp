// SPDX-License-Identifier: Apache-2.0
// async_link.cpp: runs the turns of a connection and applies mail.
#include "async_link.hpp"

#include "async_link_opening.hpp"
#include "async_link_turn.hpp"

#include <random>
#include <utility>

namespace redstart::inline v0::net {

namespace {

// Consecutive turns that only read. Together they read some MiB, more than a socket buffer usually holds.
constexpr unsigned max_reading_turns = 32;

}  // namespace

constinit thread_local AsyncLink* current_link = nullptr;

std::shared_ptr<AsyncConnection> AsyncConnection::make(Loop loop, const DatabaseConfig& config,
                                                       const std::string& client_name,
                                                       std::shared_ptr<Owner> owner, Kind kind,
                                                       std::shared_ptr<Preparer> preparer) {
  return std::make_shared<AsyncLink>(std::move(loop), config, client_name, std::move(owner), kind,
                                     std::move(preparer));
}

AsyncLink::AsyncLink(Loop loop, const DatabaseConfig& config, const std::string& client_name,
                     std::shared_ptr<Owner> owner, Kind kind, std::shared_ptr<Preparer> preparer)
    : loop_(std::move(loop)),
      config_(config),
      client_name_(client_name),
      preparer_(preparer ? std::move(preparer) : std::make_shared<Preparer>(config)),
      owner_(std::move(owner)),
      origin_(owner_->origin()),
      kind_(kind),
      scanner_(config.limits) {
  timer_.emplace(loop_.executor);
  if (config.integrity) {
    std::random_device random;
    nonce_ = (std::uint64_t{random()} << 32) | random();
  }
}

AsyncLink::~AsyncLink() {
  close_socket();
  drop_all();
}

// --- All threads

void AsyncLink::submit(Node& node) noexcept {
  const std::size_t bytes = node.request.bytes.size();
  node.sequence = 0;
  if (current_link == this && stack_.empty()) {
    local_operations_.add(1);
    local_bytes_.add(bytes);
    pick_up(node);
    return;
  }
  remote_operations_.fetch_add(1, std::memory_order_relaxed);
  remote_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  stack_.push(node);
  if (current_link != this) wake_loop();  // the running turn picks it up
}

AsyncConnection::Load AsyncLink::load() const noexcept {
  const auto read = [](const std::atomic<std::uint64_t>& count) {
    return count.load(std::memory_order_relaxed);
  };
  // Read the ended ones first, so that the difference does not become negative.
  const std::uint64_t ended = read(ended_operations_.value);
  const std::uint64_t ended_bytes = read(ended_bytes_.value);
  const auto left = [](std::uint64_t all, std::uint64_t gone) {
    return all < gone ? std::size_t{0} : static_cast<std::size_t>(all - gone);
  };
  return {left(read(remote_operations_) + read(local_operations_.value), ended),
          left(read(remote_bytes_) + read(local_bytes_.value), ended_bytes), given_up()};
}

TimePoint AsyncLink::last_used() const noexcept {
  return TimePoint(TimePoint::duration(last_used_.load(std::memory_order_relaxed)));
}

void AsyncLink::cancel(std::uint64_t id, engine::Cancellation how) noexcept { send_mail(Cancel{id, how}); }

void AsyncLink::forward_cancel(std::uint64_t id, engine::Cancellation how, unsigned hops) noexcept {
  send_mail(Cancel{id, how, hops});
}
void AsyncLink::open() noexcept { send_mail(Open{}); }
void AsyncLink::retire(CloseReason reason) noexcept { send_mail(Retire{reason}); }
void AsyncLink::wake() noexcept { send_mail(Wake{}); }
void AsyncLink::stop(TimePoint deadline) noexcept { send_mail(Stop{deadline}); }

void AsyncLink::send_mail(Mail mail) {
  {
    const std::scoped_lock lock(mutex_);
    if (gone_) return;
    mail_.push_back(std::move(mail));
    has_mail_.store(true, std::memory_order_release);
  }
  if (current_link != this) wake_loop();
}

void AsyncLink::wake_loop() noexcept {
  if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
  {
    // The context may be destroyed as soon as `abandon` has returned. The lock delays `abandon`.
    const std::scoped_lock lock(mutex_);
    if (!gone_) {
      post_on(loop_.executor, LinkHandler{self(), &wake_memory_, [](AsyncLink& link) {
                                            // Cleared first, so that a later push wakes the loop again.
                                            link.wake_pending_.exchange(false, std::memory_order_acq_rel);
                                            link.turn([] {});
                                          }});
      return;
    }
  }
  wake_pending_.exchange(false, std::memory_order_acq_rel);
  reject_rest();
}

void AsyncLink::abandon() noexcept {
  std::vector<Mail> unread;
  {
    const std::scoped_lock lock(mutex_);
    gone_ = abandoned_ = true;
    unread.swap(mail_);
  }
  wake_pending_.exchange(false, std::memory_order_acq_rel);
  close_socket();
  state_ = State::closed;
  drop_all();
  postponed_.clear();
  // These refer to the context and must not outlive it.
  opening_.reset();
  timer_.reset();
  loop_ = {};
  release_owner();
}

// Breaks the reference cycle of owner and connection.
void AsyncLink::release_owner() noexcept {
  std::shared_ptr<Owner> last;
  const std::scoped_lock lock(mutex_);
  last.swap(owner_);
  late_owner_ = last;
}

// --- On the loop

void AsyncLink::post_turn() {
  if (stopped_ || std::exchange(turn_posted_, true)) return;
  post_on(loop_.executor, [link = self()] {
    link->turn_posted_ = false;
    link->turn([&link = *link] {
      if (link.more_to_read_) link.continue_receiving();
      // Read what has arrived before checking deadlines. The limit keeps deadlines effective during a flood.
      link.deadlines_wait_ = link.check_deadlines_next_ && !link.more_to_read_ && link.arriving();
      if ((link.more_to_read_ || link.deadlines_wait_) &&
          ++link.deadline_checks_postponed_ < max_reading_turns)
        return;
      link.deadline_checks_postponed_ = 0;
      link.deadlines_wait_ = false;
      if (link.write_error_ != 0 && link.state_ == State::ready)
        link.lose(broken_by(link.write_error_, false, Effect::none));
      if (link.check_deadlines_next_) link.check_deadlines();
    });
  });
}

void AsyncLink::settle() {
  // A handler that resubmits each failed operation must not keep the turn running indefinitely.
  constexpr int max_rounds = 16;
  for (int round = 0; settle_once(); ++round) {
    if (round == max_rounds) {
      post_turn();
      break;
    }
  }
  if (reply_overdue() && ring_.begin() > overdue_.load(std::memory_order_relaxed)) [[unlikely]]
    overdue_.store(0, std::memory_order_relaxed);
  const bool check_now = check_deadlines_next_ && !(deadlines_wait_ && reading_);
  start_reading();
  arm_timer();
  if (more_to_read_ || check_now) post_turn();
}

bool AsyncLink::settle_once() {
  bool progress = false;
  if (!postponed_.empty()) {
    progress = true;
    for (std::size_t left = postponed_.size(); left != 0 && !postponed_.empty(); --left) {
      const auto event =
          std::move(postponed_.front());  // remove it first: it may throw, and the others must stay
      postponed_.erase(postponed_.begin());
      event();
    }
  }
  if (has_mail_.load(std::memory_order_acquire)) {
    progress = true;
    take_mail();
  } else {
    drain_stack();
  }
  if (!failing_later_.empty()) {
    progress = true;
    finish_failed();
  }
  if (state_ == State::ready && gather()) progress = true;
  if (finish_waiting()) progress = true;
  return notify_owner() || progress;
}

bool AsyncLink::notify_owner() {
  report_answers();
  if (pushes_ != 0 && owner_) [[unlikely]]
    owner_->pushed(*this);
  if (retiring_ && state_ == State::ready && in_flight_ == 0) {
    Outcome outcome;
    outcome.code = Errc::connection_lost;
    lose(*retiring_, std::move(outcome));
  }
  if (std::exchange(notify_opened_, false)) {
    owner_->opened(*this);
    return true;
  }
  if (notify_closed_) {
    owner_->closed(*this, *std::exchange(notify_closed_, std::nullopt));
    return true;
  }
  if (notify_failed_) {
    const auto failure = std::move(notify_failed_);
    owner_->open_failed(*this, *failure);
    return true;
  }
  // Before `finish_stop`: queued operations may still be sent until the stop's deadline.
  if (state_ == State::closed && !queue_.empty() && !wanted_notified_) {
    wanted_notified_ = true;
    owner_->wanted(*this);
    return true;
  }
  if (stopping_) return finish_stop();
  if (std::exchange(notify_woken_, false)) {
    owner_->woken(*this);
    return true;
  }
  if (notify_idle_ && live_ == 0) {
    notify_idle_ = false;
    owner_->idle(*this);
    return true;
  }
  return false;
}

bool AsyncLink::finish_stop() {
  if (stopped_ || live_ != 0) return false;
  if (state_ == State::ready) {
    lose(CloseReason::shutdown, Outcome{});
    return true;  // the owner is notified of `closed` before `stopped`
  }
  std::vector<Mail> unread;  // freed without the lock: it may return permits to the gate
  {
    const std::scoped_lock lock(mutex_);
    gone_ = true;
    unread.swap(mail_);
    has_mail_.store(false, std::memory_order_relaxed);
  }
  drain_stack();
  if (live_ != 0) return true;
  close_socket();
  state_ = State::closed;
  opening_.reset();
  ++timer_number_;
  timer_.reset();
  stopped_ = true;
  const std::shared_ptr<Owner> owner = owner_;
  owner->stopped(*this);
  // Other references to this connection may outlive the context.
  loop_.executor = {};
  loop_.handler_executor = {};
  release_owner();
  return false;
}

void AsyncLink::drain_stack() {
  if (stopped_) [[unlikely]]  // a turn that was posted before the stop
    return reject_rest();
  for (Node* node = stack_.take(); node != nullptr;) {
    Node* const next = node->next;
    pick_up(*node);
    node = next;
  }
}

void AsyncLink::take_mail() {
  std::vector<Mail> mail;
  {
    const std::scoped_lock lock(mutex_);
    mail.swap(mail_);
    has_mail_.store(false, std::memory_order_relaxed);
  }
  drain_stack();  // first, because a cancellation follows its submission
  for (Mail& one : mail) std::visit([this](auto& request) { apply(request); }, one);
}

void AsyncLink::apply(Open&) {
  if (state_ == State::closed && !stopped_) start_opening();
}

void AsyncLink::apply(Retire& mail) {
  if (state_ == State::ready && !retiring_) retiring_ = mail.reason;
}

void AsyncLink::apply(Wake&) { notify_woken_ = true; }

void AsyncLink::apply(Stop& mail) {
  stopping_ = stopping_ ? std::min(*stopping_, mail.deadline) : mail.deadline;
  if (*stopping_ <= now_)
    end_all();
  else
    wake_at(*stopping_);
}

}  // namespace redstart::inline v0::net
