// SPDX-License-Identifier: Apache-2.0
// link_driver.cpp: runs the turns of a link and applies mail.
#include "link_driver.hpp"

#include "../core/failures.hpp"
#include "../core/probes.hpp"
#include "link_turn.hpp"

#include <random>
#include <utility>

namespace redstart::inline v0::net {

namespace {

protocol::LinkCore::Settings settings_of(const DatabaseConfig& config, AsyncConnection::Kind kind) {
  protocol::LinkCore::Settings settings{kind, silence_limit_of(config.timeouts), 0};
  if (config.integrity) {
    std::random_device random;
    settings.nonce = (std::uint64_t{random()} << 32) | random();
  }
  return settings;
}

}  // namespace

constinit thread_local LinkDriver* current_link = nullptr;

std::shared_ptr<AsyncConnection> AsyncConnection::make(Loop loop, const LiveSettings& settings,
                                                       const std::string& client_name,
                                                       std::shared_ptr<Owner> owner, Kind kind,
                                                       std::shared_ptr<Preparer> preparer) {
  return std::make_shared<LinkDriver>(std::move(loop), settings, client_name, std::move(owner), kind,
                                      std::move(preparer));
}

LinkDriver::LinkDriver(Loop loop, const LiveSettings& settings, const std::string& client_name,
                       std::shared_ptr<Owner> owner, Kind kind, std::shared_ptr<Preparer> preparer)
    : loop_(std::move(loop)),
      settings_(settings),
      client_name_(client_name),
      preparer_(preparer ? std::move(preparer) : std::make_shared<Preparer>(settings.now())),
      owner_(std::move(owner)),
      core_(settings, settings_of(settings.now(), kind), status_, *owner_, &loop_.handler_executor),
      reader_(core_, stream_),
      timer_(loop_.executor) {}

LinkDriver::~LinkDriver() {
  protocol::OperationQueue rest;
  for (Node* node = mailbox_.stack().take(); node != nullptr;)
    rest.push_back(*std::exchange(node, node->next));
  core_.drop_all(std::move(rest));
}

// --- All threads

void LinkDriver::submit(Node& node) noexcept {
  const std::size_t bytes = node.request.bytes.size();
  REDSTART_PROBE(submit, node.id, core_.identity(), bytes);
  node.sequence = 0;
  if (current_link == this && mailbox_.stack().empty()) {
    status_.submitted_on_loop(bytes);
    core_.accept(node);
    return;
  }
  status_.submitted(bytes);
  mailbox_.stack().push(node);
  if (current_link != this) wake_loop();  // the running turn picks it up
}

void LinkDriver::send_mail(const LinkMailbox::Mail& mail) noexcept {
  if (mailbox_.put(mail) && current_link != this) wake_loop();
}

void LinkDriver::wake_loop() noexcept {
  if (!mailbox_.must_wake()) return;
  const bool posted = mailbox_.unless_gone([this] {
    post_on(loop_.executor, LinkHandler{self(), &wake_memory_, [](LinkDriver& link) {
                                          // First, so that a later push wakes the loop again.
                                          link.mailbox_.awake();
                                          link.turn([] {});
                                        }});
  });
  if (posted) return;
  mailbox_.awake();
  reject_rest();
}

// Rejects operations that were submitted after the link had stopped.
void LinkDriver::reject_rest() noexcept {
  const OwnerReference::Late late = owner_.late();
  for (Node* node = mailbox_.stack().take(); node != nullptr;) {
    Node& one = *std::exchange(node, node->next);
    if (late.owner && core_.kind() == Kind::exclusive) late.owner->ending(one);
    status_.rejected(one.request.bytes.size());
    if (late.abandoned || !late.owner)
      one.destroy();
    else
      one.finish(late.owner->failed(one, {failure::closed(), CloseReason::shutdown}), nullptr);
  }
  if (late.owner) late.owner->flush();
}

void LinkDriver::abandon() noexcept {
  mailbox_.close();
  mailbox_.awake();
  // These refer to the context and must not outlive it.
  opening_.reset();
  stream_.close();
  timer_.close();
  protocol::OperationQueue rest;
  for (Node* node = mailbox_.stack().take(); node != nullptr;)
    rest.push_back(*std::exchange(node, node->next));
  core_.drop_all(std::move(rest));
  reader_.close();
  postponed_.clear();
  loop_ = {};
  core_.detach();
  owner_.release(true);
}

// --- On the loop

void LinkDriver::post_turn() {
  if (progress_.stopped || std::exchange(progress_.turn_posted, true)) return;
  post_on(loop_.executor, [link = self()] {
    link->progress_.turn_posted = false;
    link->turn([&link = *link] { link.posted_turn(); });
  });
}

void LinkDriver::posted_turn() {
  if (std::exchange(progress_.writes_later, false)) send_waiting();
  if (reader_.more()) reader_.resume();
  close_if_due();
  // Read what has arrived before checking deadlines. The limit keeps deadlines effective during a flood.
  deadlines_.waits = deadlines_.due && !reader_.more() && arriving();
  if ((reader_.more() || deadlines_.waits) && ++deadlines_.postponed < max_reading_turns) return;
  deadlines_.postponed = 0;
  deadlines_.waits = false;
  if (core_.outbox().error() != 0 && !progress_.reading) read_the_rest();
  if (deadlines_.due) check_deadlines();
}

void LinkDriver::settle() {
  // A handler that resubmits each failed operation must not keep the turn running indefinitely.
  constexpr int max_rounds = 16;
  close_if_due();
  for (int round = 0; settle_once(); ++round) {
    if (round == max_rounds) {
      post_turn();
      break;
    }
  }
  const bool check_now = deadlines_.due && !(deadlines_.waits && progress_.reading);
  start_reading();
  arm_timer();
  if (reader_.more() || progress_.writes_later || check_now) post_turn();
}

bool LinkDriver::settle_once() {
  bool progress = run_postponed();
  if (mailbox_.has_mail()) {
    progress = true;
    take_mail();
  } else {
    drain_stack();
  }
  close_if_due();
  if (core_.finish_failed()) progress = true;
  if (core_.sender().may_send() && core_.ready() && send()) progress = true;
  if (core_.finish_connected()) progress = true;
  return notify_owner() || progress;
}

bool LinkDriver::run_postponed() {
  if (postponed_.empty()) return false;
  for (std::size_t left = postponed_.size(); left != 0 && !postponed_.empty(); --left) {
    // Remove it first: it may throw, and the others must stay.
    const auto event = std::move(postponed_.front());
    postponed_.erase(postponed_.begin());
    event();
    close_if_due();
  }
  return true;
}

// The socket of a connection that was closed must not be used again.
void LinkDriver::close_if_due() noexcept {
  if (!core_.take_close()) [[likely]]
    return;
  ++progress_.epoch;
  progress_.reading = progress_.writes_later = false;
  reader_.close();
  stream_.close();
}

bool LinkDriver::notify_owner() {
  if (!owner_.get()) return false;  // stopped
  core_.end_step();
  close_if_due();
  if (!core_.has_events()) [[likely]]
    return false;
  const protocol::LinkEvents events = core_.take_events();
  close_if_due();
  if (!events.empty()) {
    owner_->on_events(*this, events);
    return true;
  }
  if (!core_.finished()) return core_.must_report();
  finish();
  return !progress_.stopped;
}

// Operations that were submitted until now end as well.
void LinkDriver::finish() {
  mailbox_.close();
  drain_stack();
  if (!core_.finished()) return;
  opening_.reset();
  timer_.close();
  progress_.stopped = true;
  const std::shared_ptr<Owner> owner = owner_.get();
  protocol::LinkEvents last;
  last.add({protocol::LinkEvent::Kind::stopped, {}, 0, {}});
  owner->on_events(*this, last);
  // Other references to this connection may outlive the context.
  loop_.executor = {};
  loop_.handler_executor = {};
  core_.detach();
  owner_.release(false);
}

void LinkDriver::drain_stack() {
  if (mailbox_.stack().empty()) return;
  if (progress_.stopped) [[unlikely]]  // a turn that was posted before the stop
    return reject_rest();
  for (Node* node = mailbox_.stack().take(); node != nullptr;) {
    Node* const next = node->next;
    core_.accept(*node);
    node = next;
  }
}

void LinkDriver::take_mail() {
  const std::vector<LinkMailbox::Mail> mail = mailbox_.take();
  drain_stack();  // first, because a cancellation follows its submission
  for (const LinkMailbox::Mail& one : mail) {
    std::visit([this](const auto& request) { apply(request); }, one);
    close_if_due();
  }
}

void LinkDriver::apply(const LinkMailbox::Cancel& mail) {
  constexpr unsigned max_hops = 4;
  if (core_.cancel(mail.id, mail.how) || mail.hops == max_hops) return;
  for (const auto& known : successors_)
    if (const auto successor = known.lock()) successor->forward_cancel(mail.id, mail.how, mail.hops + 1);
}

void LinkDriver::apply(const LinkMailbox::Open&) {
  if (!core_.closed() || progress_.stopped) return;
  core_.begin_opening();
  const DatabaseConfig& config = settings_.now();
  opening_ = std::make_unique<AsyncOpening>(
      loop_, config, client_name_, preparer_, *owner_, deadline_after(core_.now(), config.timeouts.connect),
      [this](OpeningResult result) {
        const auto alive = self();
        turn([this, shared = std::make_shared<OpeningResult>(std::move(result))] {
          opening_ended(std::move(*shared));
        });
      });
  opening_->start(core_.now());
}

void LinkDriver::opening_ended(OpeningResult result) {
  if (!opening_) return;  // the link has stopped
  opening_.reset();
  if (result.failure) return core_.open_failed(*std::move(result.failure));
  ++progress_.epoch;
  stream_ = std::move(result.stream);
  core_.opened(result.pushes, result.renewal);
}

void LinkDriver::fail_queued(const Outcome& outcome) {
  drain_stack();
  core_.fail_queue(outcome);
  if (!progress_.in_turn) post_turn();
}

std::optional<TimePoint> LinkDriver::fail_queued(const Outcome& outcome, TimePoint latest) {
  drain_stack();
  const auto first = core_.fail_queue(outcome, latest);
  if (!progress_.in_turn) post_turn();
  return first;
}

void LinkDriver::hand_over(AsyncConnection& to) {
  drain_stack();
  protocol::OperationQueue all = core_.release_queue();
  if (all.empty()) return;
  while (!all.empty()) to.submit(all.pop_front());
  add_successor(to);
}

// Callers send cancellations to the link that took the operation first, so remember where it went.
void LinkDriver::add_successor(AsyncConnection& to) {
  std::erase_if(successors_, [&to](const auto& known) {
    const auto successor = known.lock();
    return !successor || successor.get() == &to;
  });
  successors_.push_back(to.weak_from_this());
}

}  // namespace redstart::inline v0::net
