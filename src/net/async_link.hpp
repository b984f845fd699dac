// SPDX-License-Identifier: Apache-2.0
// async_link.hpp: implements AsyncConnection; the code is in async_link*.cpp.
#pragma once

#include "../protocol/in_flight.hpp"
#include "../protocol/timing_wheel.hpp"
#include "../resp/scanner.hpp"
#include "async_connection.hpp"
#include "async_memory.hpp"
#include "handshake_gate.hpp"
#include "preparation.hpp"
#include "submission.hpp"
#include "tls_session.hpp"

#include <redstart/engine/reply_buffer.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redstart::inline v0::net {

/// Drives one asynchronous connection on its loop: queue, socket, in-flight ring and deadlines.
///
/// Turn: one run of this code on the loop. An event starts it: bytes arrived, a timer expired, another thread
/// submitted. A turn does these steps in order:
///  1. mark the thread (`current_link`) and read the clock once (`now_`);
///  2. handle the event itself;
///  3. `settle`: apply the mail, pick up submitted operations, finish failed ones, send what is queued and
///     notify the owner, repeatedly until nothing changes;
///  4. start the next read and set the timer.
///
/// Mail: a request to this connection, such as cancel, open or stop. Other threads, and users' code inside a
/// turn, change nothing directly: they append mail and wake the loop. The next `settle` applies it in order.
///
/// Path of an operation: `submit` pushes it on the stack, `pick_up` moves it to `queue_`, `gather` sends it
/// and enters it in `ring_`, `deliver` hands it its replies, `complete` finishes it. An operation that fails
/// goes to `failing_later_` (`fail_later`) and is finished by the next `settle`.
///
/// Users' code runs in `OperationNode::finish` only. The state is consistent before each `finish`. If
/// `finish` throws, the turn ends there, and a posted turn resumes after that operation.
///
/// Thread safety: as of `AsyncConnection`. Other threads touch the members under "All threads" only.
/// Lifetimes: pending events hold a reference. Owner and link refer to each other until `stopped` or
/// `abandon`.
class AsyncLink final : public AsyncConnection {
 public:
  AsyncLink(Loop loop, const DatabaseConfig& config, const std::string& client_name,
            std::shared_ptr<Owner> owner, Kind kind, std::shared_ptr<Preparer> preparer);
  AsyncLink(const AsyncLink&) = delete;
  AsyncLink& operator=(const AsyncLink&) = delete;
  ~AsyncLink() override;

  void submit(engine::OperationNode& operation) noexcept override;
  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override;
  void forward_cancel(std::uint64_t id, engine::Cancellation how, unsigned hops) noexcept override;
  [[nodiscard]] Load load() const noexcept override;
  [[nodiscard]] std::uint64_t turns() const noexcept override {
    return turns_.value.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool reply_overdue() const noexcept override {
    return overdue_.load(std::memory_order_relaxed) != 0;
  }
  void open() noexcept override;
  void retire(CloseReason reason) noexcept override;
  void notify_idle() noexcept override { notify_idle_ = true; }
  void wake() noexcept override;
  void check_next() noexcept override { check_due_.store(true, std::memory_order_relaxed); }
  void stop(TimePoint deadline) noexcept override;
  void abandon() noexcept override;

  void fail_queued(const Outcome& outcome) override;
  void hand_over(AsyncConnection& to) override;
  [[nodiscard]] std::optional<TimePoint> fail_queued(const Outcome& outcome, TimePoint latest) override;
  [[nodiscard]] bool ready() const noexcept override { return state_ == State::ready; }
  [[nodiscard]] TimePoint last_used() const noexcept override;
  [[nodiscard]] TimePoint opened_at() const noexcept override { return opened_at_; }
  [[nodiscard]] const Loop& loop() const noexcept override { return loop_; }
  [[nodiscard]] std::uint64_t take_pushes() noexcept override { return std::exchange(pushes_, 0); }

 private:
  using Node = engine::OperationNode;
  using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;
  using Wheel = protocol::TimingWheel<Node, &Node::due, &Node::deadline>;
  using InFlight = protocol::InFlight<Node>;
  struct Id {
    using type = std::uint64_t;
    type operator()(const Node& node) const noexcept { return node.id; }
  };
  using ById = boost::intrusive::set<
      Node, boost::intrusive::member_hook<Node, boost::intrusive::set_member_hook<>, &Node::known>,
      boost::intrusive::key_of_value<Id>, boost::intrusive::constant_time_size<false>>;

  enum class State : std::uint8_t { closed, opening, ready };
  class Turn;
  class SaveUndelivered;
  struct Opening;

  // Operations that fail with the same outcome.
  struct FailureGroup {
    OperationQueue nodes{};
    Outcome outcome{};
  };

  // The kinds of mail. The last three end the waits of a connect attempt; `epoch` names the attempt.
  struct Cancel {
    std::uint64_t id;
    engine::Cancellation how;
    unsigned hops = 0;  // how many connections have forwarded it
  };
  struct Open {};
  struct Retire {
    CloseReason reason;
  };
  struct Wake {};
  struct Stop {
    TimePoint deadline;
  };
  struct PermitGranted {  // by the handshake gate
    std::uint64_t epoch;
    std::shared_ptr<HandshakeGate::Pass> pass;
  };
  struct PreparationDone {
    std::uint64_t epoch;
    Prepared prepared;
  };
  struct CredentialsRenewed {
    std::uint64_t epoch;
    Prepared prepared;  // only credentials or a failure
  };
  using Mail =
      std::variant<Cancel, Open, Retire, Wake, Stop, PermitGranted, PreparationDone, CredentialsRenewed>;

  // A counter that one thread writes and all threads read.
  struct Count {
    std::atomic<std::uint64_t> value{0};
    void add(std::uint64_t n) noexcept {
      value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
  };

  // Turns: async_link.cpp
  template <class Work>
  void turn(Work work);  // runs a turn with this event; postpones it if a turn is running
  void settle();
  bool settle_once();   // true if anything changed
  bool notify_owner();  // at most one notification at a time; true if there was one
  bool finish_stop();   // true if anything changed
  void post_turn();     // another turn, after the events that are due now
  void send_mail(Mail mail);
  void wake_loop() noexcept;
  void take_mail();
  void drain_stack();
  void apply(Cancel& mail);
  void forward(const Cancel& mail) noexcept;
  void add_successor(AsyncConnection& to);
  void apply(Open& mail);
  void apply(Retire& mail);
  void apply(Wake& mail);
  void apply(Stop& mail);
  void apply(PermitGranted& mail);
  void apply(PreparationDone& mail);
  void apply(CredentialsRenewed& mail);
  [[nodiscard]] std::shared_ptr<AsyncLink> self() {
    return std::static_pointer_cast<AsyncLink>(shared_from_this());
  }

  // Operations from pick-up to completion, and the socket's end: async_link_operations.cpp
  void pick_up(Node& node);
  void unregister(Node& node) noexcept;  // from deadlines and cancellation
  void complete(Node& node);
  void count_end(const Node& node) noexcept;
  FailureGroup& fail_later(Outcome outcome);  // the caller adds the operations
  void finish_failed();
  bool finish_waiting();  // true if there was any
  void drain_and_fail_queue(const Outcome& outcome);
  void end_all();  // at the deadline of `stop`
  void expire_queued(Node& node);
  void note_unsent(const Node& node) noexcept;
  void drop_revoked(Node& node);
  void take_from_queue(Node& node) noexcept;
  void leave_tombstone(Node& node, Outcome outcome);
  [[nodiscard]] std::size_t given_up() const noexcept { return given_up_.load(std::memory_order_relaxed); }
  void close_if_due();
  // Closes the ready connection. Operations in flight return to the queue or fail with `outcome`.
  void lose(CloseReason reason, Outcome outcome, BreakerVerdict verdict = BreakerVerdict::failure);
  void lose(Outcome outcome) {
    const CloseReason reason = outcome.reason;
    lose(reason, std::move(outcome));
  }
  void close_socket() noexcept;
  void reject_rest() noexcept;  // on all threads
  void release_owner() noexcept;
  void drop_all() noexcept;

  // Admission and retries: async_link_retry.cpp
  bool admit(Node& node);  // asks the circuit breaker; false: not to be sent now
  void retry_after(Node& node, std::chrono::milliseconds delay);
  void resume(OperationQueue due);
  [[nodiscard]] bool handle_refusal(std::string_view frame, bool last);
  void end_in_flight(CloseReason reason, Outcome outcome, BreakerVerdict verdict);

  // Opening: async_link_open.cpp
  void start_opening();
  void start_connecting();
  void connect_next();
  void on_connected();
  void secure();
  void drive_tls();
  void start_handshake();
  void renew_credentials();
  void wait_at_gate();
  void restart_patience() noexcept;
  void drive_handshake(bool first);
  void handshake_received(std::size_t n);
  void handshake_readable();
  void on_opening_timer();
  void arm_opening(TimePoint time);
  void open_failed(Cause failure);
  void opened();
  [[nodiscard]] int receive_available();
  [[nodiscard]] Cause unusable_answer() const;
  [[nodiscard]] Cause handshake_refused() const;
  [[nodiscard]] Cause handshake_lost(int error) const;

  // Sending: async_link_send.cpp
  bool gather();  // sends the queue; true if anything changed
  void write(std::string_view bytes);
  void await_writable();
  void put_in_flight(Node& node);
  [[nodiscard]] bool has_unread() noexcept;
  void restore_time(std::uint64_t first, Clock::duration lost);
  [[nodiscard]] bool check_is_due() const noexcept;
  void check();
  [[nodiscard]] std::size_t fence(char* at);
  // Write and read, through the TLS session if there is one. Plain connections pay one branch for it.
  [[nodiscard]] IoResult write_some(std::string_view bytes) noexcept {
    return tls_ ? tls_->send(bytes) : send_now(fd_, bytes);
  }
  [[nodiscard]] IoResult read_some(char* into, std::size_t size) noexcept {
    return tls_ ? tls_->receive(into, size) : receive_now(fd_, into, size);
  }
  static void nonce_text(char* into, std::uint64_t nonce) noexcept;
  void on_writable();

  // Receiving: async_link_receive.cpp
  void start_reading();
  void on_readable();
  void received(std::size_t n);
  void on_read(int error, std::size_t n);
  void receive(engine::ReplyBuffer window, const char* borrowed, bool more);
  void continue_receiving();
  bool deliver(engine::ReplyBuffer& window);  // false: the connection was closed
  [[nodiscard]] bool is_early(resp::Type type) noexcept;
  void deliver_frame(std::string_view frame, resp::Type type, bool last);
  void dispatch_reply(std::string_view frame, resp::Type type, bool last);
  [[nodiscard]] std::string_view answered_command(const Node& node) noexcept;
  bool hold(std::string_view bytes);
  void deliver_held(std::string_view bytes);
  void drop_delivered(engine::ReplyBuffer& window);
  void report_answers();

  // Timers: async_link_timers.cpp
  void arm_timer();
  // The timer must expire at `time` at the latest.
  void wake_at(TimePoint time) noexcept {
    if (time < wanted_) wanted_ = time;
  }
  // How long the server may take for the reply to the oldest command in flight.
  [[nodiscard]] Clock::duration silence_limit() const noexcept {
    const Clock::duration limit = silence_limit_of(config_.timeouts);
    return checking_ ? std::min<Clock::duration>(config_.timeouts.health, limit / 2) : limit;
  }
  [[nodiscard]] bool arriving() const noexcept;
  void check_deadlines();
  void check_silence();
  void release_memory();

  static constexpr std::size_t inline_size = 768;  // small, because an idle connection holds it too

  // --- All threads. Atomics, and what `mutex_` guards.

  // Submission: any thread pushes, the loop takes. `wake_pending_` is true while a turn is posted for it.
  SubmissionStack stack_{};
  std::atomic<bool> wake_pending_{false};
  std::atomic<bool> has_mail_{false};
  // Load: submitted by other threads, submitted on the loop, and ended.
  std::atomic<std::uint64_t> remote_operations_{0};
  std::atomic<std::uint64_t> remote_bytes_{0};
  Count local_operations_{};
  Count local_bytes_{};
  Count ended_operations_{};
  Count ended_bytes_{};
  std::atomic<std::size_t> given_up_{0};  // tombstones in the ring; written on the loop
  Count turns_{};
  std::atomic<Clock::rep> last_used_{0};
  std::atomic<std::uint64_t> overdue_{0};  // newest sequence number in flight that has timed out; 0: none
  std::atomic<bool> check_due_{false};     // exclusive connections: PING before the next operation
  std::mutex mutex_{};                     // guards the next four; never held during a call of other code
  std::vector<Mail> mail_{};
  bool gone_ = false;                  // stopped or abandoned: nothing may be posted to the loop any more
  bool abandoned_ = false;             // the loop's context is being destroyed
  std::weak_ptr<Owner> late_owner_{};  // the owner, after `owner_` was released

  // --- The loop only, from here on, but for `loop_`, `owner_` and `state_` as noted.

  Loop loop_;  // other threads post to it under the lock, unless `gone_`
  const DatabaseConfig& config_;
  const std::string& client_name_;
  const std::shared_ptr<Preparer> preparer_;
  std::shared_ptr<Owner> owner_;  // a cycle until everything has ended; changed under the lock
  const engine::Origin& origin_;
  const Kind kind_;
  std::atomic<State> state_{State::closed};  // written on the loop, read by all threads
  std::optional<Socket> socket_{};
  int fd_ = -1;
  std::unique_ptr<TlsSession> tls_{};  // null on a plain connection
  std::uint64_t epoch_ = 0;  // counts sockets and connect attempts; events of older ones are ignored
  std::unique_ptr<Opening> opening_{};  // while `state_` is opening
  TimePoint now_{};                     // the turn's reading of the clock
  TimePoint opened_at_{};

  bool in_turn_ = false;
  bool turn_posted_ = false;
  // Events that arrived while users' code ran the loop inside a turn.
  std::vector<std::function<void()>> postponed_{};

  // Operations, by state. Each is in exactly one of the first five.
  OperationQueue queue_{};         // to be sent
  OperationQueue delayed_{};       // wait for their retry, until their deadline in the wheel
  InFlight ring_{};                // in flight, in the order of sending, with tombstones and fences
  OperationQueue waiting_done_{};  // without a command: they waited for a ready connection, which is there
  std::list<FailureGroup> failing_later_{};  // to be finished with an error
  ById by_id_{};                             // those that can be cancelled
  Wheel wheel_{};                            // their deadlines
  std::size_t live_ = 0;                     // picked up and not finished
  std::size_t in_flight_ = 0;                // operations in the ring, without tombstones and fences
  std::size_t blocking_in_flight_ = 0;       // commands in flight that may block; no silence limit then

  // Sending. Byte counts start when the connection is ready.
  std::uint64_t written_ = 0;   // accepted by the kernel
  std::uint64_t gathered_ = 0;  // passed to `write`
  std::string unsent_{};        // from `unsent_at_` on: not accepted by the kernel yet
  std::size_t unsent_at_ = 0;
  int write_error_ = 0;          // the connection is closed after the last replies were read
  std::uint64_t nonce_ = 0;      // the last fence
  bool checking_ = false;        // a PING is in flight; the queue waits for its reply
  bool fast_keepalive_ = false;  // keepalive probes are sent at the short interval

  // Receiving.
  resp::Scanner scanner_;
  engine::ReplyBuffer partial_{};  // received bytes of an incomplete reply
  std::size_t delivered_ = 0;      // bytes of the current buffer that were delivered
  bool reading_ = false;           // an asynchronous read is pending: nothing else may read
  bool more_to_read_ = false;  // the turn used up its share, or users' code threw: a posted turn continues
  unsigned deadline_checks_postponed_ = 0;  // consecutive turns that only read
  TimePoint head_since_{};                  // when the oldest entry of the ring became the oldest
  // Connections that operations of this one were handed over to: cancellations are forwarded to them.
  std::vector<std::weak_ptr<AsyncConnection>> successors_{};
  std::uint64_t pushes_ = 0;

  // `integrity`: replies that wait for their fence.
  struct Held {
    std::size_t begin;
    std::size_t end;
    resp::Type type;
  };
  std::vector<Held> held_{};
  std::size_t held_left_ = 0;       // proven by the fence and not delivered yet
  std::size_t held_pushes_ = 0;     // bytes of pushes between the held replies
  std::uint64_t held_entry_ = 0;    // sequence number of the entry that the next reply belongs to
  std::uint32_t held_replies_ = 0;  // replies of that entry that are held

  // A run of replies whose operations started at the same time: reported to the owner together.
  std::size_t run_commands_ = 0;
  std::size_t run_errors_ = 0;
  // Where the command of the last error reply begins in its batch. The search for the next one starts there.
  struct ErrorPosition {
    const Node* node = nullptr;
    std::uint64_t sequence = 0;
    std::size_t command = 0;
    std::size_t begin = 0;
  };
  ErrorPosition error_position_{};
  TimePoint run_start_{};

  // One timer for all deadlines.
  std::optional<boost::asio::steady_timer> timer_{};
  std::uint64_t timer_number_ = 0;       // of the armed timer; expiries of earlier ones are ignored
  TimePoint armed_ = TimePoint::max();   // when it expires
  TimePoint wanted_ = TimePoint::max();  // earliest time that this turn has asked for
  bool check_deadlines_next_ = false;    // in the next turn, after the socket was read
  bool deadlines_wait_ = false;          // until the pending read has delivered the received bytes

  // Pending notifications of the owner, and pending ends.
  bool wanted_notified_ = false;
  bool notify_opened_ = false;
  bool notify_idle_ = false;
  bool notify_woken_ = false;
  std::unique_ptr<Cause> notify_failed_{};
  std::optional<CloseReason> notify_closed_{};
  std::optional<CloseReason> retiring_{};
  std::optional<CloseReason> close_after_{};  // exclusive: a command in flight was given up
  std::optional<TimePoint> stopping_{};
  bool stopped_ = false;

  // Memory of the handlers, of the size of Asio's operations.
  SizedHandlerMemory<208> read_memory_{};
  SizedHandlerMemory<160> timer_memory_{};
  SizedHandlerMemory<80> wake_memory_{};
  char inline_[inline_size];
};

}  // namespace redstart::inline v0::net
