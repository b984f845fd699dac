// SPDX-License-Identifier: Apache-2.0
// reachability.hpp: decides when to connect, and whether a server is away.
#pragma once

#include "../core/failures.hpp"
#include "../observe/repeats.hpp"
#include "../protocol/hurried_attempts.hpp"
#include "../protocol/identity_watch.hpp"
#include "../protocol/loading_watch.hpp"
#include "../protocol/loss_tolerance.hpp"
#include "../protocol/reconnect.hpp"

#include <redstart/core/error.hpp>
#include <redstart/core/result.hpp>
#include <redstart/observe/server_identity.hpp>
#include <redstart/observe/stats.hpp>
#include <redstart/resilience/random.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace redstart::inline v0::pool {

class Server;

/// Decides when a connection to one server may be opened, and whether the server is away. All connections of
/// all kinds report to it. Two `Reconnect` machines keep the delays: `away_` while no connection works,
/// `growth_` for further connections while one does. `LoadingWatch` elects the attempt that polls a loading
/// server.
///
/// A connection works from `succeeded` to `left`. The server is *hopeful* if one of these is true:
///
/// * A connection works.
/// * Another attempt is under way, and the server is not away.
/// * A connection was just closed to make room for another one.
///
/// Events and the states that they lead to:
///
/// | event                           | state afterwards
/// | ------------------------------- | ----------------------------------------------------------------
/// | `begin` while away              | probing: no other attempt may begin
/// | `succeeded`                     | up: neither away nor loading
/// | `failed`, not hopeful           | away: calls fail fast or wait; one attempt after each delay
/// | `failed`, hopeful               | growth paused: callers queue for the connections that work
/// | `inconclusive`, `given_up`      | unchanged; the next attempt is due at once
/// | `not_ready`                     | loading: one attempt polls, all others wait for it
/// | `answered`                      | proven: not suspect, and the delays start over
/// | `lost`, proven or open for 5 s  | unchanged
/// | `lost`, first since an answer   | unchanged, also for all other connections ready at that time
/// | `lost`, any later one           | suspect, and as after `failed`: away if no connection works
/// | `left` of an idle one, if full  | room made: the next attempt counts as growth, not as away
///
/// While suspect, delays keep growing although connections become ready: see `Reconnect`.
///
/// Some inconclusive attempts count as failed:
///
/// * a connect timeout while another connection works or is being opened
/// * the third and later timeouts of callers with little time, from 500 ms after the first of them began
///
/// Thread safety: full.
class Reachability {
 public:
  /// One connect attempt under way, as each of the three machines knows it.
  struct ConnectAttempt {
    protocol::Reconnect::ConnectAttempt reconnect{};
    protocol::Reconnect::ConnectAttempt growth{};
    protocol::LoadingWatch::ConnectAttempt loading = 0;
    TimePoint began{};
  };
  using State = protocol::Reconnect::State;

  /// `server` owns this object.
  explicit Reachability(Server& server);
  Reachability(const Reachability&) = delete;
  Reachability& operator=(const Reachability&) = delete;

  /// Replaces the delays between attempts.
  void use(const BackoffPolicy& reconnect, const StartupPolicy& startup);

  /// Begins an attempt; `succeeded`, `failed`, `inconclusive` or `given_up` must end it. Otherwise returns
  /// why there must be none now: `Errc::loading` if another attempt polls a server that is not ready.
  [[nodiscard]] Result<ConnectAttempt> begin(TimePoint now);
  /// A connection is ready and works until `left`. Emits the events. Half-opens an open breaker, unless the
  /// server is suspect. Returns the argument of `lost`.
  protocol::Reconnect::Connection succeeded(const ConnectAttempt& attempt);
  /// Connections that were ready are closed. Call it before `lost`. `idle`: nothing was wrong with them. If
  /// the server was full, their closing makes room: the next attempts then count as growth.
  void left(std::size_t connections = 1, bool idle = false) noexcept;
  /// A connection was lost. The first loss without any answer is ignored. So are losses of connections that
  /// were ready at that time. A later loss counts as a failed attempt, because a server that completes
  /// handshakes and then drops connections does not serve. Emits the event in that case.
  void lost(const protocol::Reconnect::Connection& connection, CloseReason reason, TimePoint now);
  /// A handshake has brought the identity of the server. Emits an event if another server process answers
  /// than before.
  void greeted(const ConnectAttempt& attempt, const protocol::Greeting& greeting);
  /// The server that an attempt has reached is not ready yet. Emits the event if that is new. Returns false
  /// if the attempt must be given up because another one polls already.
  [[nodiscard]] bool not_ready(const ConnectAttempt& attempt, const protocol::NotReady& state);
  /// Waits while another attempt polls a server that is not ready, until an attempt may begin. Returns false
  /// at the deadline.
  [[nodiscard]] bool await_attempt(TimePoint deadline);
  /// Ends all waits in `await_attempt`, now and in future.
  void stop() noexcept;
  /// A user's command was answered over the connection of that number. This proves that the server is back,
  /// so the delays start over. Takes the lock only for the first answer of each new connection.
  void answered(std::uint64_t connection) noexcept {
    if (connection > proven_.load(std::memory_order_relaxed)) [[unlikely]]
      prove(connection);
  }
  /// An attempt failed after `elapsed`. Emits the event. Returns the error for callers.
  Error failed(ConnectAttempt attempt, const Cause& failure, TimePoint now, std::chrono::nanoseconds elapsed);
  /// An attempt ended and proved nothing about the server: loading, shutdown, or a caller with little time.
  /// Counts as failed in two cases, see the class comment.
  Error inconclusive(ConnectAttempt attempt, const Cause& failure, TimePoint now,
                     std::chrono::nanoseconds elapsed);

  /// Like `inconclusive`, without an event or error: nobody waits for the attempt any more.
  void given_up(const ConnectAttempt& attempt, TimePoint now) noexcept;

  /// Returns the last failure, as an error for callers that made no attempt. Empty unless the server is
  /// away.
  [[nodiscard]] std::optional<Error> known_failure() const;
  /// Returns the latest reply of a server that is not ready yet. Empty unless it is loading.
  [[nodiscard]] std::optional<protocol::NotReady> not_ready_now(TimePoint now) const;
  /// Returns why there must be no attempt now because the server is loading. Lock-free if it is not.
  [[nodiscard]] std::optional<Error> must_wait(TimePoint now) const;
  /// True while the server is away, so that `known_failure` returns an error. Lock-free.
  [[nodiscard]] bool failing() const noexcept { return failing_.load(std::memory_order_relaxed); }
  /// True if queuing for a connection makes sense: one works, or may be opened soon.
  [[nodiscard]] bool hopeful() const;
  /// True from a failed growth until an attempt succeeds, or until no connection works any more. Callers
  /// queue for the connections that work, and attempts are made at the same time.
  [[nodiscard]] bool growth_paused() const;
  /// The time of the next attempt to grow. `TimePoint::max()` unless growth is paused and no attempt is
  /// under way.
  [[nodiscard]] TimePoint growth_due() const;
  /// Returns a `pool_timeout` that explains why a queued caller got no connection.
  [[nodiscard]] ErrorInfo no_connection() const;
  /// True if growth is paused because server or process has no room for another connection. Closing one
  /// makes room.
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool up() const;
  [[nodiscard]] State state() const;
  /// The time at which the next attempt may begin.
  [[nodiscard]] TimePoint next_attempt() const;
  /// True if an attempt is due after a failure and none is under way.
  [[nodiscard]] bool attempt_overdue(TimePoint now) const;
  /// True if an attempt may begin now.
  [[nodiscard]] bool may_begin(TimePoint now) const;
  /// Returns a random number in [0, 1), for jitter.
  [[nodiscard]] double random();

  /// The identity of the server, as far as it was reported.
  [[nodiscard]] ServerIdentity identity() const;
  /// Adds the server's reply to INFO.
  void info_received(const ServerIdentity& info);
  [[nodiscard]] std::size_t created() const;
  [[nodiscard]] std::uint64_t connect_failures() const;

 private:
  // The delays of connect attempts, and the last failure.
  struct Attempts {
    protocol::Reconnect reconnect;
    std::optional<Error> failure{};
  };

  [[nodiscard]] Error repeated(const std::optional<Error>& failure) const;
  [[nodiscard]] bool others_hopeful() const noexcept;
  [[nodiscard]] bool paused() const noexcept;
  [[nodiscard]] bool due(TimePoint now) const noexcept;
  [[nodiscard]] bool no_room() const noexcept;
  [[nodiscard]] bool beside_others() const;
  [[nodiscard]] bool too_many_in_a_hurry(TimePoint began, TimePoint now);
  [[nodiscard]] Error waiting(TimePoint now) const;
  bool end_wait(const ConnectAttempt& attempt, protocol::LoadingWatch::End end, TimePoint now) noexcept;
  void prove(std::uint64_t connection) noexcept;

  Server& server_;
  mutable std::mutex mutex_{};
  Attempts away_;            // while no connection works; `failure` is set while the server is away
  Attempts growth_;          // while others work
  std::size_t working_ = 0;  // connections that are ready
  std::size_t opening_ = 0;  // attempts under way
  bool room_made_ = false;   // an idle connection was closed while the server was full
  Random random_;
  std::size_t created_ = 0;
  std::uint64_t connect_failures_ = 0;
  protocol::LoadingWatch loading_{};
  std::condition_variable attempt_due_{};  // signalled when an attempt may begin
  protocol::IdentityWatch identity_{};
  Repeats failures_{};
  protocol::HurriedAttempts hurried_{};
  protocol::LossTolerance losses_{};
  bool stopped_ = false;
  std::atomic<bool> waiting_{false};      // the server is loading
  std::atomic<bool> failing_{false};      // the server is away; `away_.failure` says why
  std::atomic<std::uint64_t> proven_{0};  // number of the last connection that has answered a command
};

}  // namespace redstart::inline v0::pool
