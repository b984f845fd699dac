// SPDX-License-Identifier: Apache-2.0
// async_link.hpp: the machine behind AsyncConnection; its parts are async_link_*.cpp.
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

/// Everything happens in turns: an event (bytes came, the timer fired, somebody submitted) begins one, marks
/// the thread, reads the clock once, does its own part and then `settle`s: takes mail, finishes what has
/// failed, sends what is queued, tells the owner, and arms the next events.
///
/// Users' code runs in `OperationNode::finish` only, and may do anything but change this object: submitting
/// appends to the queue, everything else is mail. Before each `finish` the state is consistent; when it
/// throws, the turn is left as it is and another is posted, which goes on where this one stopped.
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
  [[nodiscard]] bool overdue() const noexcept override {
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
  using Known = boost::intrusive::set<
      Node, boost::intrusive::member_hook<Node, boost::intrusive::set_member_hook<>, &Node::known>,
      boost::intrusive::key_of_value<Id>, boost::intrusive::constant_time_size<false>>;

  enum class State : std::uint8_t { closed, opening, ready };
  class Turn;
  class KeepRest;
  struct Opening;

  // Operations that end with an error, all for the same reason.
  struct FailureGroup {
    OperationQueue nodes{};
    Outcome outcome{};
  };

  // What other threads (and users' code on this one) ask for; done in this order.
  struct Cancel {
    std::uint64_t id;
    engine::Cancellation how;
    unsigned hops = 0;  // how many connections have passed it on
  };
  struct Open {};
  struct Retire {
    CloseReason reason;
  };
  struct Wake {};
  struct Stop {
    TimePoint deadline;
  };
  struct PermitGranted {
    std::uint64_t epoch;
    std::shared_ptr<HandshakeGate::Pass> pass;
  };
  struct PreparationDone {
    std::uint64_t epoch;
    Prepared prepared;
  };
  struct CredentialsRenewed {
    std::uint64_t epoch;
    Prepared prepared;  // its credentials only
  };
  using Mail =
      std::variant<Cancel, Open, Retire, Wake, Stop, PermitGranted, PreparationDone, CredentialsRenewed>;

  // A counter that one thread writes and all read.
  struct Count {
    std::atomic<std::uint64_t> value{0};
    void add(std::uint64_t n) noexcept {
      value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
  };

  // Turns: async_link.cpp
  template <class Work>
  void turn(Work work);
  void settle();
  bool settle_once();
  bool tell_owner();
  bool finish_stop();
  void post_turn();
  void send_mail(Mail mail);
  void wake_loop() noexcept;
  void take_mail();
  void drain_stack();
  void apply(Cancel& mail);
  void pass_on(const Cancel& mail) noexcept;
  void add_heir(AsyncConnection& to);
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

  // Operations from pick-up to completion: async_link_operations.cpp
  void pick_up(Node& node);
  void forget(Node& node) noexcept;
  void complete(Node& node);
  void count_end(const Node& node) noexcept;
  FailureGroup& fail_later(Outcome outcome);
  void finish_failed();
  bool finish_waiting();
  void fail_queue(const Outcome& outcome);
  void end_all();
  void expire_queued(Node& node);
  void drop_revoked(Node& node);
  void take_from_queue(Node& node) noexcept;
  void leave_tombstone(Node& node, Outcome outcome);
  [[nodiscard]] std::size_t given_up() const noexcept { return given_up_.load(std::memory_order_relaxed); }
  void close_if_due();
  void lose(CloseReason reason, Outcome outcome, BreakerVerdict verdict = BreakerVerdict::failure);
  void lose(Outcome outcome) {
    const CloseReason reason = outcome.reason;
    lose(reason, std::move(outcome));
  }
  void close_socket() noexcept;
  void reject_rest() noexcept;
  void leave_owner() noexcept;
  void drop_all() noexcept;

  // Further attempts: async_link_retry.cpp
  bool admit(Node& node);
  void again(Node& node, std::chrono::milliseconds delay);
  void resume(OperationQueue due);
  [[nodiscard]] bool refused(std::string_view frame, bool last);
  void break_off(CloseReason reason, Outcome outcome, BreakerVerdict verdict);

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
  void open_failed(OpenFailure failure);
  void opened();
  [[nodiscard]] int receive_available();
  [[nodiscard]] OpenFailure unusable_answer() const;
  [[nodiscard]] OpenFailure refused() const;
  [[nodiscard]] OpenFailure handshake_lost(int error) const;

  // Sending: async_link_send.cpp
  bool gather();
  void write(std::string_view bytes);
  void await_writable();
  void enter(Node& node);
  [[nodiscard]] bool has_unread() noexcept;
  void make_up(std::uint64_t first, Clock::duration lost);
  [[nodiscard]] bool check_is_due() const noexcept;
  void check();
  [[nodiscard]] std::size_t fence(char* at);
  // Through TLS where there is TLS: one branch for those without.
  [[nodiscard]] IoResult push(std::string_view bytes) noexcept {
    return tls_ ? tls_->send(bytes) : send_now(fd_, bytes);
  }
  [[nodiscard]] IoResult pull(char* into, std::size_t size) noexcept {
    return tls_ ? tls_->receive(into, size) : receive_now(fd_, into, size);
  }
  static void nonce_text(char* into, std::uint64_t nonce) noexcept;
  void on_writable();

  // Receiving: async_link_receive.cpp
  void start_reading();
  void on_readable();
  void received(std::size_t n);
  void on_read(int error, std::size_t n);
  void receive(engine::ReplyBuffer window, const char* lent, bool more);
  void go_on_receiving();
  bool deliver(engine::ReplyBuffer& window);
  [[nodiscard]] bool is_early(resp::Type type) noexcept;
  void deliver_frame(std::string_view frame, resp::Type type, bool last);
  void hand_over(std::string_view frame, resp::Type type, bool last);
  [[nodiscard]] std::string_view answered_command(const Node& node) noexcept;
  bool hold(std::string_view bytes);
  void deliver_held(std::string_view bytes);
  void drop_delivered(engine::ReplyBuffer& window);
  void report_answers();

  // Timers: async_link_timers.cpp
  void arm_timer();
  void wake_at(TimePoint time) noexcept {
    if (time < wanted_) wanted_ = time;
  }
  // So long a server may take for the reply to the first command in flight.
  [[nodiscard]] Clock::duration silence_limit() const noexcept {
    const Clock::duration limit = silence_limit_of(config_.timeouts);
    return checking_ ? std::min<Clock::duration>(config_.timeouts.health, limit / 2) : limit;
  }
  [[nodiscard]] bool arriving() const noexcept;
  void check_deadlines();
  void check_silence();
  void release_memory();

  static constexpr std::size_t inline_size = 768;  // an idle connection holds it too

  // Shared with other threads.
  SubmissionStack stack_{};
  std::atomic<bool> wake_pending_{false};
  std::atomic<bool> has_mail_{false};
  std::atomic<std::uint64_t> remote_operations_{0};
  std::atomic<std::uint64_t> remote_bytes_{0};
  Count local_operations_{};
  Count local_bytes_{};
  Count ended_operations_{};
  Count ended_bytes_{};
  std::atomic<std::size_t> given_up_{0};  // entries of the ring whose operations have ended; the loop writes
  Count turns_{};
  std::atomic<Clock::rep> last_used_{0};
  std::atomic<std::uint64_t> overdue_{0};  // the last in flight that has timed out; 0: none. The loop writes
  std::atomic<bool> check_due_{false};     // an exclusive one: before what it carries next
  std::mutex mutex_{};                     // held for a few pointers, never while anybody is called
  std::vector<Mail> mail_{};
  bool gone_ = false;       // stopped or abandoned: the loop may not be used any more
  bool abandoned_ = false;  // its context is being destroyed

  // On the loop.
  Loop loop_;
  const DatabaseConfig& config_;
  const std::string& client_name_;
  const std::shared_ptr<Preparer> preparer_;
  std::shared_ptr<Owner> owner_;       // holds this in turn: let go once everything has ended
  std::weak_ptr<Owner> late_owner_{};  // from then on; under the lock
  const engine::Origin& origin_;
  const Kind kind_;
  std::atomic<State> state_{State::closed};  // written on the loop only
  std::optional<Socket> socket_{};
  int fd_ = -1;
  std::unique_ptr<TlsSession> tls_{};  // null on a plain connection
  std::uint64_t epoch_ = 0;  // of the socket and of the attempt to open one; events of older ones are ignored
  std::unique_ptr<Opening> opening_{};
  TimePoint now_{};
  TimePoint opened_at_{};

  bool in_turn_ = false;
  bool turn_posted_ = false;
  std::vector<std::function<void()>> postponed_{};  // events that came while users' code ran the loop

  OperationQueue queue_{};
  OperationQueue delayed_{};  // before their next attempt; the wheel knows when
  InFlight ring_{};
  OperationQueue waiting_done_{};  // waited for a ready connection only
  std::list<FailureGroup> failing_later_{};
  Known known_{};
  Wheel wheel_{};
  std::size_t live_ = 0;       // operations picked up and not finished
  std::size_t in_flight_ = 0;  // those of them that are in the ring
  std::size_t held_back_ = 0;  // entries of the ring whose replies the server may hold back

  std::uint64_t written_ = 0;   // bytes that the kernel took, since the connection is ready
  std::uint64_t gathered_ = 0;  // bytes that were to be sent
  std::string unsent_{};
  std::size_t unsent_at_ = 0;
  int write_error_ = 0;
  std::uint64_t nonce_ = 0;
  bool checking_ = false;  // asked whether the server is there; what is queued waits for the answer
  bool watched_ = false;   // the kernel looks more often whether the peer is there

  resp::Scanner scanner_;
  engine::ReplyBuffer partial_{};         // what was received behind the last complete reply
  std::size_t delivered_ = 0;             // how much of the buffer at hand is done with
  bool reading_ = false;                  // an asynchronous read is pending: nobody else may read
  bool more_to_read_ = false;             // the turn's share was used up, or users' code threw
  unsigned deadline_checks_put_off_ = 0;  // turns since then that did not look at deadlines
  TimePoint head_since_{};                // when the first in flight became the first
  // Connections that were handed operations of this one.
  std::vector<std::weak_ptr<AsyncConnection>> heirs_{};
  std::uint64_t pushes_ = 0;

  // integrity: replies that wait for their fence.
  struct Held {
    std::size_t begin;
    std::size_t end;
    resp::Type type;
  };
  std::vector<Held> held_{};
  std::size_t held_done_ = 0;       // delivered already
  std::size_t held_pushes_ = 0;     // bytes of pushes between them
  std::uint64_t held_entry_ = 0;    // the entry that the next reply belongs to
  std::uint32_t held_replies_ = 0;  // how many of its replies are held

  // A run of replies of equal latency.
  std::size_t run_commands_ = 0;
  std::size_t run_errors_ = 0;
  // Where the command of the newest error reply begins in its batch: the next one is looked for from there.
  struct Refused {
    const Node* node = nullptr;
    std::uint64_t sequence = 0;
    std::size_t command = 0;
    std::size_t begin = 0;
  };
  Refused refused_{};
  TimePoint run_start_{};

  std::optional<boost::asio::steady_timer> timer_{};
  std::uint64_t timer_number_ = 0;
  TimePoint armed_ = TimePoint::max();
  TimePoint wanted_ = TimePoint::max();
  bool check_deadlines_next_ =
      false;                     // deadlines are judged in the next turn, after the socket was looked at
  bool deadlines_wait_ = false;  // until the pending read has brought what the kernel has

  bool wanted_notified_ = false;
  bool notify_opened_ = false;
  bool notify_idle_ = false;
  bool notify_woken_ = false;
  std::unique_ptr<OpenFailure> notify_failed_{};
  std::optional<CloseReason> notify_closed_{};
  std::optional<CloseReason> retiring_{};
  std::optional<CloseReason> close_after_{};  // an exclusive connection whose exchange was given up
  std::optional<TimePoint> stopping_{};
  bool stopped_ = false;

  // As large as Asio's operations are.
  SizedSlot<208> read_slot_{};
  SizedSlot<160> timer_slot_{};
  SizedSlot<80> wake_slot_{};
  char inline_[inline_size];
};

}  // namespace redstart::inline v0::net
