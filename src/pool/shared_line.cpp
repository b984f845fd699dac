// SPDX-License-Identifier: Apache-2.0
// shared_line.cpp: when a shared connection is opened again.
#include "shared_line.hpp"
#include "../resilience/server_condition.hpp"

#include <redstart/resp/error_text.hpp>

#include <new>
#include <utility>

namespace redstart::pool {

namespace {

using namespace std::chrono_literals;

// Before a connection is opened again whose server is loading.
constexpr auto pause = 50ms;

}  // namespace

std::shared_ptr<SharedLine> SharedLine::make(std::shared_ptr<LineShop> shop, net::Loop loop, bool gives_way) {
  auto line = std::make_shared<SharedLine>(std::move(shop), gives_way);
  line->connect_to(std::move(loop), net::AsyncConnection::Kind::shared);
  return line;
}

void SharedLine::warm_up() noexcept {
  warm_.store(true, std::memory_order_release);
  connection().nudge();
}

void SharedLine::ask_to_give_way() noexcept {
  if (way_wanted_.exchange(true)) return;          // it will look
  if (connection().ready()) connection().nudge();  // else it looks once it is open
}

// Others would have to wait for the place that it leaves: it does so only while nobody uses it, or where
// nothing else ever makes room. It serves once at least before it goes.
void SharedLine::give_way() {
  // In one order with `ready`: who asks meanwhile nudges, or is seen here.
  if (!way_wanted_.load()) [[likely]]
    return;
  if (!connection().ready()) return;  // once it is open
  if (!shop().slots->shortage()) {
    // Once more after it was taken back: who asks from now on nudges again.
    way_wanted_.exchange(false);
    if (!shop().slots->shortage()) return;
    way_wanted_.store(true);
  }
  if (connection().load().operations == 0 || (gives_way_ && has_served_))
    connection().retire(CloseReason::idle);
  else
    connection().tell_idle();
}

// PING over a connection that is ready, however long its answer takes. Where that of its line is stuck, it
// goes over another one, and ends on the loop of that.
class SharedLine::Question final : public engine::OperationNode {
 public:
  explicit Question(std::shared_ptr<SharedLine> line) : OperationNode({}), line_(std::move(line)) {
    request.bytes.append("*1\r\n$4\r\nPING\r\n");
    request.retry = Retry::read;
    id = line_->question_;
    start = net::turn_now();
    deadline = line_->shop().database->deadline(start, {}, 0ms);
    unguarded = true;
  }

  void accept(std::string_view frame, const engine::Origin&) noexcept override {
    serves_ =
        !resp::is_error_frame(frame) || condition_of(resp::error_text(frame)) == ServerCondition::serving;
  }
  void finish(std::optional<Error> error, const boost::asio::any_io_executor*) override {
    const std::unique_ptr<Question> self(this);
    line_->asking_ = false;
    if (error || !serves_) return;
    // The server answers, so this connection is at fault, and nobody should wait behind it.
    if (line_->connection().overdue()) line_->connection().retire(CloseReason::timeout);
    line_->shop().database->breaker().connection_ready();
  }
  void destroy() noexcept override { const std::unique_ptr<Question> self(this); }

  ~Question() = default;

 private:
  std::shared_ptr<SharedLine> line_;
  bool serves_ = false;
};

void SharedLine::ask_if_unused(TimePoint since) noexcept {
  const net::AsyncConnection& unused = connection();
  const auto load = unused.load();
  // A connection that still owes a late reply is watched already.
  if (!unused.ready() || load.operations + load.given_up != 0 || unused.last_used() >= since) return;
  if (asking_.exchange(true)) return;
  try {
    connection().submit(*new Question(self()));
  } catch (const std::bad_alloc&) {
    asking_ = false;
  }
}

void SharedLine::stop(TimePoint deadline) noexcept {
  Line::stop(deadline);
  connection().cancel(question_, engine::Cancellation::terminal);  // nobody waits for it
}

void SharedLine::ask_for_recovery() { recovery_.emplace(connection().loop().executor); }

// The breaker lets others pass than before; or the time for an attempt is over and nobody makes one.
void SharedLine::nudged(net::AsyncConnection&) {
  if (warm_.exchange(false, std::memory_order_acq_rel) && !shop().stopping.load(std::memory_order_relaxed))
    want();
  give_way();
  if (!recovery_ || shop().stopping.load(std::memory_order_relaxed)) return;
  if (shop().reachability->overdue(Clock::now())) want();
  const Breaker::Status status = shop().database->breaker().status();
  if (status.state == BreakerState::open)
    call_at(recovery_, status.next_probe, static_cast<void (Line::*)()>(&SharedLine::ask));
}

// One that is being opened asks by that: its handshake ends with a PING.
void SharedLine::ask() {
  if (shop().stopping.load(std::memory_order_relaxed) ||
      shop().database->breaker().state() != BreakerState::open)
    return;
  if (!connection().ready()) return want();
  if (asking_.exchange(true)) return;
  auto* const question = new Question(self());
  const std::shared_ptr<net::AsyncConnection> other = connection().overdue() ? shop().serving() : nullptr;
  (other ? *other : connection()).submit(*question);
}

void SharedLine::leave_server(ServerCondition condition, TimePoint now) {
  // One that was opened a moment ago leads to the server that there is now; without a session it is useless.
  if (now - left_ < 1s && condition != ServerCondition::session_lost) return;
  left_ = now;
  connection().retire(CloseReason::role);
}

bool SharedLine::goes_elsewhere() {
  const auto other = shop().serving ? shop().serving() : nullptr;
  if (!other || other.get() == &connection()) return false;
  connection().hand_over(*other);
  return true;
}

void SharedLine::refused(const Error& error, TimePoint next) {
  const bool waits = waits_after(error);
  if (!waits) fail_waiting(error);
  leave_slot_to_others();
  if (waits || !shop().stopping.load(std::memory_order_relaxed)) call_at(next, &SharedLine::want);
}

void SharedLine::postponed() {
  leave_slot_to_others();
  call_at(Clock::now() + pause, &SharedLine::want);
}

void SharedLine::opened(net::AsyncConnection& connection) {
  Line::opened(connection);
  has_served_ = false;
  const TimePoint end = retirement(*shop().database, Clock::now(), shop().reachability->random());
  if (end != TimePoint::max()) call_at(end, static_cast<void (Line::*)()>(&SharedLine::retire));
  give_way();
}

void SharedLine::retire() { connection().retire(CloseReason::lifetime); }

void SharedLine::answered(net::AsyncConnection& connection, std::size_t commands, std::size_t errors,
                          std::chrono::nanoseconds latency) {
  has_served_ = true;
  unserved_.reset();
  Line::answered(connection, commands, errors, latency);
  give_way();
}

void SharedLine::closed(net::AsyncConnection&, CloseReason reason) {
  note_closed(reason);
  if (shop().stopping.load(std::memory_order_relaxed)) return;
  if (reason == CloseReason::idle) return give_slot_back();
  if (has_served_) return want();
  call_at(Clock::now() + unserved_.next(shop().reachability->random()), &SharedLine::want);
}

}  // namespace redstart::pool
