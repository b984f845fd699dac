// SPDX-License-Identifier: Apache-2.0
// scripted_link.hpp: drives a LinkCore without socket, thread and clock.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/link_core.hpp"
#include "scripted_admission.hpp"
#include "scripted_operation.hpp"

namespace redstart::test {

/// The reply to a command as a bulk string.
[[nodiscard]] inline std::string bulk_reply(std::string_view text) {
  return std::string("$").append(std::to_string(text.size())).append("\r\n").append(text).append("\r\n");
}

/// The kernel's side of a connection: accepts as many bytes as there is room for.
struct ScriptedKernel {
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  std::size_t room = no_limit;  ///< Bytes that it still accepts.
  int error = EAGAIN;           ///< The result of a write without room.
  std::string sent{};           ///< The bytes that were accepted on this connection.
  std::string arrived{};        ///< Received bytes that the link has not read.

  struct Written {
    std::size_t bytes;
    int error;
  };
  /// Accepts a part, as `send` does. A call without room has the error.
  Written write(std::string_view bytes) {
    if (room == 0) return {0, error};
    const std::size_t n = std::min(room, bytes.size());
    if (room != no_limit) room -= n;
    sent.append(bytes.substr(0, n));
    return {n, 0};
  }
};

/// One link with a scripted kernel, and time as a variable. It makes turns as `net::LinkDriver` does.
///
/// At its end it drops all operations, and checks that each has ended exactly once and that no probe is left.
class ScriptedLink {
 public:
  using Kind = protocol::LinkKind;
  using EventKind = protocol::LinkEvent::Kind;
  struct Settings {
    Kind kind = Kind::shared;
    bool integrity = false;
    std::chrono::milliseconds silence{5000};
    std::size_t scratch = std::size_t{64} * 1024;  ///< The size of a block; larger commands are sent alone.
    std::size_t share = std::size_t{256} * 1024;   ///< The most bytes that a turn writes.
  };

  ScriptedLink() : ScriptedLink(Settings{}) {}
  explicit ScriptedLink(const Settings& settings)
      : config(config_of(settings)),
        settings_(settings),
        core(config, {settings.kind, settings.silence, 41}, status, admission, nullptr) {}
  ScriptedLink(const ScriptedLink&) = delete;
  ScriptedLink& operator=(const ScriptedLink&) = delete;
  ~ScriptedLink() {
    if (!dropped_) {
      EXPECT_EQ(status.load().operations, alive());
      drop();
    }
    for (const OperationRecordPtr& record : records)
      EXPECT_EQ(record->finished + record->destroyed, 1) << "each operation ends exactly once";
    EXPECT_EQ(admission.open_probes(), 0U) << "each probe ends";
    EXPECT_EQ(status.given_up(), 0U);
  }

  // Operations.
  /// Returns an operation of one command, which expires after 30 s.
  [[nodiscard]] ScriptedOperation& make(ScriptedOperation::Words words) const {
    return batch({std::move(words)});
  }
  [[nodiscard]] ScriptedOperation& batch(const std::vector<ScriptedOperation::Words>& commands) const {
    ScriptedOperation& operation = ScriptedOperation::batch(commands);
    operation.start = now;
    operation.deadline = now + std::chrono::seconds(30);
    return operation;
  }
  /// An operation without a command, which only waits for a ready connection.
  [[nodiscard]] ScriptedOperation& connect() const { return batch({}); }
  /// Submits without a turn, as another thread does before the loop runs.
  OperationRecordPtr push(ScriptedOperation& operation) {
    const OperationRecordPtr record = operation.record();
    records.push_back(record);
    status.submitted(operation.request.bytes.size());
    stack_.push_back(operation);
    return record;
  }
  /// Submits, from another thread or from a handler.
  OperationRecordPtr submit(ScriptedOperation& operation) {
    if (!in_turn_ || !stack_.empty()) {
      OperationRecordPtr record = push(operation);
      if (!in_turn_) turn([] {});
      return record;
    }
    const OperationRecordPtr record = operation.record();
    records.push_back(record);
    status.submitted_on_loop(operation.request.bytes.size());
    core.accept(operation);
    return record;
  }
  OperationRecordPtr submit(ScriptedOperation::Words words) { return submit(make(std::move(words))); }

  // Mail.
  void mail(std::function<void()> request) {
    mail_.push_back(std::move(request));
    if (!in_turn_) turn([] {});
  }
  void cancel(std::uint64_t id, engine::Cancellation how) {
    mail([this, id, how] { found_ = core.cancel(id, how); });
  }
  /// Whether the last cancellation has found its operation.
  [[nodiscard]] bool found() const noexcept { return found_; }
  void retire(CloseReason reason) {
    mail([this, reason] { core.retire(reason); });
  }
  void wake() {
    mail([this] { core.wake(); });
  }
  void stop(TimePoint deadline) {
    mail([this, deadline] { core.stop(deadline); });
  }
  void fail_queue(const protocol::Outcome& outcome) {
    drain();
    core.fail_queue(outcome);
    if (!in_turn_) turn([] {});
  }

  /// Hands over all queued operations to another link.
  void hand_over(ScriptedLink& to) {
    drain();
    protocol::OperationQueue all = core.release_queue();
    while (!all.empty()) {
      auto& operation = static_cast<ScriptedOperation&>(all.pop_front());
      std::erase(records, operation.record());
      to.submit(operation);
    }
  }

  /// Drops all operations, as at the end of the loop's context.
  void drop() {
    dropped_ = true;
    core.drop_all(std::move(stack_));
  }

  // Opening.
  void begin_opening() {
    mail([this] {
      if (core.closed() && !stopped) core.begin_opening();
    });
  }
  void opened(std::uint64_t pushes = 0) {
    turn([this, pushes] {
      kernel = {};
      core.opened(pushes, renewal);
    });
  }
  void open() {
    begin_opening();
    opened();
  }
  void open_failed(Cause why) {
    turn([this, &why] { core.open_failed(std::move(why)); });
  }

  // The peer.
  /// These bytes have arrived, and the link reads them.
  void receive(std::string_view bytes) {
    kernel.arrived.append(bytes);
    readable();
  }
  void end_of_stream() { read_error(protocol::end_of_stream); }
  void read_error(int error) {
    turn([this, error] { core.lose(protocol::broken_by(error, false, Effect::none, core.now())); });
  }
  /// The kernel accepts `room` bytes more, and the link learns of it.
  void writable(std::size_t room) {
    kernel.room = room;
    if (!std::exchange(awaits_writable_, false)) return;
    turn([this] { send_waiting(); });
  }
  [[nodiscard]] bool awaits_writable() const noexcept { return awaits_writable_; }
  /// The link reads what has arrived.
  void readable() {
    if (!core.ready()) return kernel.arrived.clear();
    turn([this] {
      core.received();
      read();
    });
  }

  // Time.
  /// Time passes. The timer expires whenever the core has requested that, and at no other time.
  void advance(Clock::duration time) {
    const TimePoint end = now + time;
    for (int expired = 0; timer_ <= end && !stopped; ++expired) {
      if (expired == 100'000) {
        ADD_FAILURE() << "the timer expires without end";
        break;
      }
      now = std::max(now, std::exchange(timer_, TimePoint::max()));
      ++timers;
      // Received bytes are read before deadlines are checked.
      if (core.ready() && core.awaits_reply() && !kernel.arrived.empty()) readable();
      turn([this] {
        core.check_deadlines();
        offer_credentials();
      });
    }
    now = end;
  }

  /// Runs the turns that are posted until nothing is left to do.
  void run() {
    while (std::exchange(posted_, false)) one_turn([this] { posted_turn(); });
  }
  /// Calls `step`, which may throw from a handler, and continues until no handler throws. Returns how many
  /// have thrown.
  template <class Exception, class Step>
  int absorb(Step step) {
    int thrown = 0;
    const auto guarded = [&thrown](auto call) {
      try {
        call();
      } catch (const Exception&) {
        ++thrown;
      }
    };
    guarded(step);
    while (posted_) guarded([this] { run(); });
    return thrown;
  }

  /// Changes the setting, as a reload does.
  void check_after_idle(std::chrono::milliseconds time) {
    DatabaseConfig settings = config.now();
    settings.check_after_idle = time;
    config.replace(std::move(settings));
  }

  // Reports of the link.
  [[nodiscard]] std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(events.begin(), events.end(),
                                                  [kind](const auto& event) { return event.kind == kind; }));
  }
  /// Returns the reasons for which the connection was closed, in order.
  [[nodiscard]] std::vector<CloseReason> closed_for() const {
    std::vector<CloseReason> reasons;
    for (const protocol::LinkEvent& event : events)
      if (event.kind == EventKind::closed) reasons.push_back(event.reason);
    return reasons;
  }
  [[nodiscard]] std::size_t alive() const {
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(), [](const auto& record) { return !record->ended(); }));
  }

  LiveSettings config;
  protocol::CredentialsRenewal renewal{};                         ///< Of each new connection.
  std::shared_ptr<const protocol::ProvidedCredentials> newest{};  ///< Offered when the link wants newer ones.
  ScriptedKernel kernel{};
  ScriptedAdmission admission{};
  protocol::LinkStatus status{};
  TimePoint now{std::chrono::hours(1)};
  Clock::duration stalls_while_sending{0};  ///< The process is stopped for that long inside each sending.
  std::vector<protocol::LinkEvent> events{};
  std::vector<OperationRecordPtr> records{};  ///< Of all operations that were submitted.
  std::function<void(const protocol::LinkEvent&)> on_event{};
  std::size_t timers = 0;     ///< How often the timer has expired.
  std::size_t closes = 0;     ///< How many sockets were closed.
  std::size_t keepalive = 0;  ///< How often faster keepalive was set.
  bool stopped = false;

 private:
  Settings settings_;

 public:
  protocol::LinkCore core;

 private:
  static DatabaseConfig config_of(const Settings& settings) {
    DatabaseConfig config;
    config.integrity = settings.integrity;
    return config;
  }

  template <class Work>
  void turn(Work work) {
    one_turn(std::move(work));
    run();
  }
  template <class Work>
  void one_turn(Work work) {
    in_turn_ = true;
    const TurnEnd end{*this};
    core.begin_turn(now);
    work();
    settle();
  }
  // Posts a turn that continues behind a handler that has thrown.
  struct TurnEnd {
    ScriptedLink& link;
    int exceptions = std::uncaught_exceptions();
    ~TurnEnd() {
      link.in_turn_ = false;
      if (std::uncaught_exceptions() > exceptions) link.posted_ = true;
    }
  };

  void offer_credentials() {
    protocol::LinkAuthentication& authentication = core.sender().authentication();
    if (!authentication.wants_newer()) return;
    const bool newer = newest && newest->term.number > authentication.number();
    authentication.offer(newer ? newest : nullptr);
  }
  void posted_turn() {
    if (std::exchange(writes_later_, false)) send_waiting();
    if (std::exchange(more_, false)) read();
    close_if_due();
    if (core.outbox().error() != 0) {
      read();
      core.lose(protocol::broken_by(core.outbox().error(), false, Effect::none, core.now()));
    }
  }
  void settle() {
    close_if_due();
    for (int round = 0; settle_once(); ++round) {
      if (round != 16) continue;
      posted_ = true;
      break;
    }
    if (!stopped) timer_ = std::min(timer_, core.take_wake_time());
    if (more_ || writes_later_) posted_ = true;
  }
  bool settle_once() {
    bool progress = !mail_.empty();
    drain();
    for (std::size_t left = mail_.size(); left != 0; --left) {
      const auto request = std::move(mail_.front());
      mail_.erase(mail_.begin());
      request();
      close_if_due();
    }
    close_if_due();
    if (core.finish_failed()) progress = true;
    if (core.ready() && send()) progress = true;
    if (core.finish_connected()) progress = true;
    return notify() || progress;
  }
  void drain() {
    while (!stack_.empty()) {
      engine::OperationNode& node = stack_.pop_front();
      core.accept(node);
    }
  }
  bool notify() {
    if (stopped) return false;
    core.end_step();
    close_if_due();
    if (!core.has_events()) return false;
    const protocol::LinkEvents taken = core.take_events();
    close_if_due();
    for (const protocol::LinkEvent& event : taken) report(event);
    if (!taken.empty()) return true;
    if (!core.finished()) return core.must_report();
    stopped = true;
    report({EventKind::stopped, {}, 0, {}});
    core.detach();
    return false;
  }
  void report(const protocol::LinkEvent& event) {
    events.push_back(event);
    if (on_event) on_event(event);
  }
  void close_if_due() {
    if (!core.take_close()) return;
    ++closes;
    awaits_writable_ = writes_later_ = more_ = false;
    window_.clear();
    kernel.arrived.clear();
  }

  bool send() {
    protocol::LinkSender& sender = core.sender();
    if (!sender.may_send()) return false;
    sender.begin(now);
    if (sender.must_look_first() && !kernel.arrived.empty()) return false;
    std::string scratch(settings_.scratch, '?');
    std::size_t left = settings_.share;
    while (left != 0 && sender.may_send()) {
      const std::string_view block = sender.gather(scratch);
      if (block.empty()) break;
      const auto [bytes, error] = kernel.write(block.substr(0, left));
      sender.wrote(block, bytes, error);
      left -= bytes;
      if (bytes != block.size()) write_later(error);
    }
    if (left == 0 && sender.may_send()) write_later(0);
    sender.end(now += stalls_while_sending);
    keepalive += sender.take_fast_keepalive() ? 1U : 0U;
    return sender.progress();
  }
  void send_waiting() {
    std::size_t left = settings_.share;
    while (!core.outbox().waiting().empty() && core.outbox().error() == 0) {
      if (left == 0) return write_later(0);
      const auto [bytes, error] = kernel.write(core.outbox().waiting().substr(0, left));
      core.sender().wrote_waiting(bytes, error);
      left -= bytes;
      if (error != 0) return write_later(error);
    }
  }
  void write_later(int error) {
    if (error == EAGAIN)
      awaits_writable_ = true;
    else if (error == 0)
      writes_later_ = true;
    else
      posted_ = true;
  }

  // Drops what was delivered, also if a handler throws; then a posted turn continues.
  struct DropDelivered {
    ScriptedLink& link;
    bool done = false;
    ~DropDelivered() {
      if (!link.core.ready()) return;
      link.window_.erase(0, link.core.take_delivered());
      link.more_ = !done;
    }
  };
  void read() {
    if (!core.ready()) return;
    DropDelivered drop{*this};
    window_.append(std::exchange(kernel.arrived, {}));
    drop.done = core.deliver(window_);
  }

  protocol::OperationQueue stack_{};
  std::vector<std::function<void()>> mail_{};
  std::string window_{};  // received bytes that are not delivered
  TimePoint timer_ = TimePoint::max();
  bool in_turn_ = false;
  bool posted_ = false;
  bool more_ = false;
  bool writes_later_ = false;
  bool awaits_writable_ = false;
  bool found_ = false;
  bool dropped_ = false;
};

}  // namespace redstart::test
