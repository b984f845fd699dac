// SPDX-License-Identifier: Apache-2.0
// link_driver.hpp: implements AsyncConnection: acts for a LinkCore on its loop.
#pragma once

#include "../protocol/link_core.hpp"
#include "async_connection.hpp"
#include "async_memory.hpp"
#include "async_opening.hpp"
#include "link_mailbox.hpp"
#include "link_reader.hpp"
#include "link_timer.hpp"
#include "opened_stream.hpp"
#include "owner_reference.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace redstart::inline v0::net {

/// Drives one asynchronous connection on its loop. `LinkCore` decides; this reads, writes, opens, closes and
/// waits.
///
/// Turn: one run of this code on the loop. An event starts it: bytes arrived, a timer expired, another thread
/// submitted. A turn does these steps in order:
///  1. mark the thread (`current_link`) and read the clock once
///  2. handle the event itself
///  3. `settle`: apply the mail, pick up submitted operations, finish failed ones, send what is queued and
///     notify the owner, repeatedly until nothing changes
///  4. start the next read and set the timer
///
/// If users' code throws, the turn ends there, and a posted turn continues.
///
/// Thread safety: as of `AsyncConnection`. Other threads use `mailbox_`, `status_` and `turns_` only, and the
/// executor of `loop_` inside `LinkMailbox::unless_gone`.
/// Lifetimes: pending events hold a reference. Owner and link refer to each other until `stopped` or
/// `abandon`.
class LinkDriver final : public AsyncConnection {
 public:
  LinkDriver(Loop loop, const LiveSettings& settings, const std::string& client_name,
             std::shared_ptr<Owner> owner, Kind kind, std::shared_ptr<Preparer> preparer);
  LinkDriver(const LinkDriver&) = delete;
  LinkDriver& operator=(const LinkDriver&) = delete;
  ~LinkDriver() override;

  void submit(engine::OperationNode& operation) noexcept override;
  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override {
    send_mail(LinkMailbox::Cancel{id, how});
  }
  void forward_cancel(std::uint64_t id, engine::Cancellation how, unsigned hops) noexcept override {
    send_mail(LinkMailbox::Cancel{id, how, hops});
  }
  [[nodiscard]] Load load() const noexcept override { return status_.load(); }
  [[nodiscard]] std::uint64_t turns() const noexcept override {
    return turns_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool reply_overdue() const noexcept override { return status_.overdue() != 0; }
  void open() noexcept override { send_mail(LinkMailbox::Open{}); }
  void retire(CloseReason reason) noexcept override { send_mail(LinkMailbox::Retire{reason}); }
  void notify_idle() noexcept override { core_.want_idle(); }
  void wake() noexcept override { send_mail(LinkMailbox::Wake{}); }
  void check_next() noexcept override { status_.check_due(true); }
  void hold_authentication(bool held) noexcept override { status_.authentication_held(held); }
  void stop(TimePoint deadline) noexcept override { send_mail(LinkMailbox::Stop{deadline}); }
  void abandon() noexcept override;

  void fail_queued(const Outcome& outcome) override;
  void hand_over(AsyncConnection& to) override;
  [[nodiscard]] std::optional<TimePoint> fail_queued(const Outcome& outcome, TimePoint latest) override;
  [[nodiscard]] bool ready() const noexcept override { return status_.state() == protocol::LinkState::ready; }
  [[nodiscard]] TimePoint last_used() const noexcept override { return status_.last_used(); }
  [[nodiscard]] TimePoint opened_at() const noexcept override { return core_.opened_at(); }
  [[nodiscard]] const Loop& loop() const noexcept override { return loop_; }
  [[nodiscard]] protocol::PushSink& pushes() noexcept override { return core_.pushes(); }

 private:
  using Node = engine::OperationNode;
  using Socket = OpenedStream::Socket;
  class Turn;
  // The check of deadlines waits until the socket was read, so that no reply that has arrived is late.
  struct DeadlineCheck {
    bool due = false;        // in the next turn
    bool waits = false;      // until the pending read has delivered the received bytes
    unsigned postponed = 0;  // consecutive turns that only read
  };

  struct Progress {
    std::uint64_t epoch = 0;  // counts sockets; events of earlier ones are ignored
    bool in_turn = false;     // on this link, perhaps further up the stack
    bool turn_posted = false;
    bool reading = false;       // an asynchronous read is pending: nothing else may read
    bool writes_later = false;  // the turn has used up its share: a posted turn continues
    bool stopped = false;
  };

  // Consecutive turns that only read. Together they read some MiB, more than a socket buffer usually holds.
  static constexpr unsigned max_reading_turns = 32;

  // Turns.
  template <class Work>
  void turn(Work work);  // runs a turn with this event; postpones it if a turn is running
  void settle();
  [[nodiscard]] bool settle_once();    // true if anything changed
  [[nodiscard]] bool run_postponed();  // true if there was any
  [[nodiscard]] bool notify_owner();   // true if anything changed
  void post_turn();                    // another turn, after the events that are due now
  void posted_turn();
  void close_if_due() noexcept;
  void finish();  // everything has ended after `stop`
  [[nodiscard]] std::shared_ptr<LinkDriver> self() {
    return std::static_pointer_cast<LinkDriver>(shared_from_this());
  }

  // Mail.
  void send_mail(const LinkMailbox::Mail& mail) noexcept;
  void wake_loop() noexcept;
  void take_mail();
  void drain_stack();
  void apply(const LinkMailbox::Cancel& mail);
  void apply(const LinkMailbox::Open& mail);
  void apply(const LinkMailbox::Retire& mail) { core_.retire(mail.reason); }
  void apply(const LinkMailbox::Wake&) { core_.wake(); }
  void apply(const LinkMailbox::Stop& mail) { core_.stop(mail.deadline); }
  void add_successor(AsyncConnection& to);
  void reject_rest() noexcept;  // on every thread

  // Socket.
  void opening_ended(OpeningResult result);
  [[nodiscard]] bool send();  // if it may send: sends the queue; true if anything changed
  void send_waiting();
  void write_later(int error);
  void read_the_rest();
  void await_writable();
  void start_reading();
  void on_readable();
  void on_read(int error, std::size_t n);
  [[nodiscard]] bool arriving() const noexcept;
  void check_deadlines();
  void arm_timer();

  LinkMailbox mailbox_{};
  protocol::LinkStatus status_{};
  std::atomic<std::uint64_t> turns_{0};
  Loop loop_;
  const LiveSettings& settings_;
  const std::string& client_name_;
  const std::shared_ptr<Preparer> preparer_;
  OwnerReference owner_;  // a cycle until everything has ended
  protocol::LinkCore core_;
  OpenedStream stream_{};
  std::unique_ptr<AsyncOpening> opening_{};  // while the connection is being opened
  LinkReader reader_;
  LinkTimer timer_;
  DeadlineCheck deadlines_{};
  Progress progress_{};
  std::vector<std::function<void()>> postponed_{};  // events that arrived while users' code ran the loop
  // Links that operations of this one were handed over to: cancellations are forwarded to them.
  std::vector<std::weak_ptr<AsyncConnection>> successors_{};
  SizedHandlerMemory<208> read_memory_{};
  SizedHandlerMemory<80> wake_memory_{};
};

}  // namespace redstart::inline v0::net
