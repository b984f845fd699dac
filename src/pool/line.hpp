// SPDX-License-Identifier: Apache-2.0
// line.hpp: an asynchronous connection in its pool: how it gets its slot, when it may be opened, what is said
// of it.
#pragma once

#include "../net/async_connection.hpp"
#include "../net/descriptors.hpp"
#include "../net/loop.hpp"
#include "database.hpp"
#include "direct_pool.hpp"
#include "reachability.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace redstart::pool {

/// What all lines of a pool use, and what they count together.
struct LineShop {
  LineShop(std::shared_ptr<Database> of, std::shared_ptr<DirectPool> slots_of,
           std::shared_ptr<Reachability> reach, std::shared_ptr<net::Loops> on)
      : database(std::move(of)),
        slots(std::move(slots_of)),
        reachability(std::move(reach)),
        loops(std::move(on)) {}

  /// Lives while an operation is taken over: where the loops have ended or belong to a parent, somebody has
  /// to run what is posted for one that is refused. `alive` keeps what takes it, the shop included: the
  /// operation may be over before that, and its handle with it.
  class Taking {
   public:
    Taking(const LineShop& shop, std::shared_ptr<const void>&& alive) noexcept
        : alive_(std::move(alive)), shop_(shop) {}
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;
    ~Taking() {
      if (shop_.stopping.load(std::memory_order_acquire) || net::forked(shop_.generation))
        shop_.loops->flush();
    }

   private:
    const std::shared_ptr<const void> alive_;
    const LineShop& shop_;
  };

  /// Sets the operation's times. Returns why it must not be taken: forked, shut down.
  [[nodiscard]] std::optional<Error> refuse(engine::OperationNode& operation) const {
    if (net::forked(generation)) [[unlikely]]
      return refusal(operation);
    operation.start = net::turn_now();
    operation.deadline = database->deadline(operation.start + net::turn_lag, {operation.timeout},
                                            operation.request.blocks_for);
    if (stopping.load(std::memory_order_acquire) || operation.timeout.expired()) [[unlikely]]
      return refusal(operation);
    return std::nullopt;
  }

  /// Why an operation must not be queued behind what is there: too many, or too many bytes. One is let in
  /// whatever its size.
  [[nodiscard]] std::optional<Error> overloaded(const engine::OperationNode& operation,
                                                const net::AsyncConnection::Load& load) const {
    // A connection remembers what was given up until its reply has come.
    const DatabaseConfig& config = database->config();
    if (load.operations + load.given_up < config.max_pending &&
        (load.bytes + operation.request.bytes.size() <= config.max_pending_bytes || load.operations == 0))
        [[likely]]
      return std::nullopt;
    return overload(operation, load);
  }

  /// Operations that have a connection of their own, or wait for it.
  [[nodiscard]] net::AsyncConnection::Load alone() const noexcept {
    return {alone_.load(std::memory_order_relaxed), alone_bytes_.load(std::memory_order_relaxed)};
  }
  void alone_began(const engine::OperationNode& operation) noexcept {
    alone_.fetch_add(1, std::memory_order_relaxed);
    alone_bytes_.fetch_add(operation.request.bytes.size(), std::memory_order_relaxed);
  }
  void alone_ended(const engine::OperationNode& operation) noexcept {
    alone_.fetch_sub(1, std::memory_order_relaxed);
    alone_bytes_.fetch_sub(operation.request.bytes.size(), std::memory_order_relaxed);
  }

  void began();
  void ended();
  /// Waits until every line has ended; false when that was not so at `last`.
  [[nodiscard]] bool wait_for_end(TimePoint last);

  const std::shared_ptr<Database> database;
  const std::shared_ptr<DirectPool> slots;
  const std::shared_ptr<Reachability> reachability;
  const std::shared_ptr<net::Loops> loops;
  const std::uint32_t generation = net::fork_generation();
  /// A shared connection that is open; empty where there is none. Set before anything else.
  std::function<std::shared_ptr<net::AsyncConnection>()> serving{};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> open{0};    ///< Slots held.
  std::atomic<std::size_t> leased{0};  ///< Handles out.
  std::atomic<std::uint64_t> pushes_dropped{0};
  std::array<std::atomic<std::uint64_t>, close_reasons> closed_by{};

 private:
  [[nodiscard]] Error refusal(const engine::OperationNode& operation) const;
  [[nodiscard]] Error overload(const engine::OperationNode& operation,
                               const net::AsyncConnection::Load& load) const;

  std::atomic<std::size_t> alone_{0};
  std::atomic<std::size_t> alone_bytes_{0};
  std::mutex mutex_{};
  std::condition_variable none_left_{};
  std::size_t alive_ = 0;
};

/// Owner of one asynchronous connection. From `want` on it gets a slot, then permission for an attempt, then
/// opens the connection; what it can't get, `refused` tells.
///
/// Thread safety: everything on the connection's loop, but where it is said otherwise.
class Line : public net::AsyncConnection::Owner,
             public engine::OperationPlace,
             private Waiter,
             public std::enable_shared_from_this<Line> {
 public:
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  virtual ~Line() = default;

  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override {
    if (!net::forked(shop_->generation)) connection_->cancel(id, how);
  }
  /// On every thread.
  [[nodiscard]] net::AsyncConnection& connection() const noexcept { return *connection_; }
  /// The context of its loop is being destroyed. Any thread, but nothing runs on the loop any more.
  void abandon() noexcept;
  /// Called by `stop`'s caller, on every thread: see AsyncConnection::stop.
  virtual void stop(TimePoint deadline) noexcept;
  /// True once nothing will happen on it any more. On every thread.
  [[nodiscard]] bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }

 protected:
  explicit Line(std::shared_ptr<LineShop> shop) : shop_(std::move(shop)) {}
  /// Makes the connection; once, right after construction.
  void connect_to(net::Loop loop, net::AsyncConnection::Kind kind);

  /// Gets whatever is missing for an attempt, then opens the connection.
  void want();
  /// The attempt can't be made, or failed. The next one may be made at `next`.
  virtual void refused(const Error& error, TimePoint next) = 0;
  /// The server says that it will be ready later: operations wait on.
  virtual void postponed() = 0;
  /// The server serves no longer as it did: the connection is to be left for a new one.
  virtual void leave_server(ServerCondition condition, TimePoint now) = 0;
  /// False where nothing may be sent again: its user would not know what the connection has lost.
  [[nodiscard]] virtual bool repeats() const noexcept { return true; }
  /// True while those who wait go on waiting, although that is why nothing can be sent.
  [[nodiscard]] bool outlasts(const Error& error) const noexcept;
  /// Ends all waiting operations with this error.
  void fail_waiting(const Error& error);
  /// True where operations go on waiting after `error`: as above, or since the database is not away.
  [[nodiscard]] bool waits_after(const Error& error) const noexcept {
    return outlasts(error) || !shop_->reachability->failing();
  }
  /// Operations in the queue may go over another connection that works: true when they were handed over.
  virtual bool goes_elsewhere() { return false; }
  /// Calls `action` on the loop at `time`, unless the line has ended by then; replaces an earlier one.
  void call_at(TimePoint time, void (Line::*action)()) { call_at(timer_, time, action); }
  void call_at(std::optional<boost::asio::steady_timer>& timer, TimePoint time, void (Line::*action)());
  void give_slot_back();
  /// Nothing is tried for a while: who stands in line is to learn himself what is wrong.
  void leave_slot_to_others() {
    if (shop_->slots->shortage()) give_slot_back();
  }
  [[nodiscard]] LineShop& shop() const noexcept { return *shop_; }
  /// Counts the reason and says so.
  void note_closed(CloseReason reason);
  virtual void on_ended() = 0;

  bool not_ready(const protocol::NotReady& state) override {
    return shop_->reachability->not_ready(attempt_, state);
  }
  void ready(const protocol::HandshakeFsm& handshake) override {
    shop_->reachability->met(attempt_, handshake.greeting());
  }
  void wanted(net::AsyncConnection&) override { want(); }
  void opened(net::AsyncConnection& connection) override;
  void open_failed(net::AsyncConnection& connection, const net::OpenFailure& failure) override;
  void stopped(net::AsyncConnection& connection) override;
  void pushed(net::AsyncConnection& connection) override;
  void answered(net::AsyncConnection& connection, std::size_t commands, std::size_t errors,
                std::chrono::nanoseconds latency) override;
  [[nodiscard]] std::uint64_t pass() const noexcept override { return shop_->database->breaker().pass(); }
  [[nodiscard]] bool admit(engine::OperationNode& operation, TimePoint now) override;
  [[nodiscard]] bool waits() const noexcept override {
    return shop_->database->waits_while_away() && repeats();
  }
  void ended(engine::OperationNode& operation, BreakerVerdict verdict, TimePoint now,
             std::string_view why) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_refused(net::AsyncConnection& connection,
                                                                       engine::OperationNode& operation,
                                                                       std::string_view words,
                                                                       TimePoint now) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_lost(engine::OperationNode& operation,
                                                                    const net::Outcome& outcome,
                                                                    bool reached) override;
  void nudged(net::AsyncConnection&) override {}
  void flush() noexcept override { shop_->loops->flush(); }
  [[nodiscard]] Error failed(const engine::OperationNode& operation, const net::Outcome& outcome) override;
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return shop_->database->origin(); }

 private:
  void decided() noexcept override;
  void on_decided();
  void has_ended();
  void left(CloseReason reason);
  void waits_for_room();
  void acquire_expired();
  [[nodiscard]] ErrorInfo refused_after(std::chrono::nanoseconds elapsed) const;
  [[nodiscard]] ErrorInfo too_late(const net::Outcome& outcome, ErrorInfo info) const;

  const std::shared_ptr<LineShop> shop_;
  std::shared_ptr<net::AsyncConnection> connection_{};
  std::optional<boost::asio::steady_timer> timer_{};
  std::shared_ptr<Line> self_{};  // while in line for a slot
  bool has_slot_ = false;
  bool in_line_ = false;
  bool opening_ = false;
  bool works_ = false;  // as reachability counts it
  Reachability::Attempt attempt_{};
  protocol::Reconnect::Connection ready_{};
  Breaker::Silence silence_{};
  std::optional<TimePoint> waits_since_{};                    // for a slot, or for growth
  std::optional<boost::asio::steady_timer> acquire_timer_{};  // when the first has waited for too long
  std::optional<Error> refusal_{};                            // why operations in the queue were last ended
  std::atomic<bool> ended_{false};
};

}  // namespace redstart::pool
