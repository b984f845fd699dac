// SPDX-License-Identifier: Apache-2.0
// reachability.hpp: decides when to connect, and whether a server is away.
#pragma once

#include "../core/failures.hpp"
#include "../observe/repeats.hpp"
#include "../protocol/identity_watch.hpp"
#include "../protocol/loading_watch.hpp"
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

/// Decides when a connection may be opened, and whether the server is away.
///
/// It is away once an attempt has failed while no connection works and no other attempt is under way. From
/// then on there is one attempt at a time, for all kinds of connections. While a connection works, a failed
/// attempt is a failed growth: it only delays the next attempt.
///
/// Thread safety: full.
class Reachability {
 public:
  struct ConnectAttempt {
    protocol::Reconnect::ConnectAttempt turn{};
    protocol::Reconnect::ConnectAttempt growth{};
    protocol::LoadingWatch::ConnectAttempt number = 0;
    TimePoint began{};
  };
  using State = protocol::Reconnect::State;

  /// `server` has it as a member.
  explicit Reachability(Server& server);
  Reachability(const Reachability&) = delete;
  Reachability& operator=(const Reachability&) = delete;

  /// Starts an attempt, which `succeeded`, `failed` or `inconclusive` must end; or returns why none may start
  /// now. `Errc::loading`: another attempt polls a server that is not ready yet.
  [[nodiscard]] Result<ConnectAttempt> begin(TimePoint now);
  /// A connection is ready, and works until `left`. Emits events, and half-opens an open breaker unless the
  /// server has dropped connections that were ready. Returns the argument for `lost`.
  protocol::Reconnect::Connection succeeded(const ConnectAttempt& attempt);
  /// Connections that were ready are closed. Call it before `lost`. `idle`: they had no fault; if the server
  /// was full, that makes room for another attempt before the server counts as away.
  void left(std::size_t connections = 1, bool idle = false) noexcept;
  /// A connection was lost. The first loss before any reply to a command is ignored, for all connections that
  /// were ready by then. A later one counts as a failed attempt and emits an event: a server that completes
  /// handshakes and then drops all connections is not back.
  void lost(const protocol::Reconnect::Connection& connection, CloseReason reason, TimePoint now);
  /// The server has replied to HELLO. Emits an event if another server process answers than before.
  void met(const ConnectAttempt& attempt, const protocol::Greeting& greeting);
  /// The server that an attempt has reached is not ready yet. Emits an event if that is news. False: give the
  /// attempt up, because another one polls already.
  [[nodiscard]] bool not_ready(const ConnectAttempt& attempt, const protocol::NotReady& state);
  /// Waits while another attempt polls the server, until one may start; false at the deadline.
  [[nodiscard]] bool await_turn(TimePoint deadline);
  /// Ends all waits.
  void stop() noexcept;
  /// A user's command was answered over the connection of that number: only then is the server back, and
  /// delays start over. Cost: it takes the lock once for each new connection.
  void answered(std::uint64_t connection) noexcept {
    if (connection > proven_.load(std::memory_order_relaxed)) [[unlikely]]
      prove(connection);
  }
  /// An attempt that took `elapsed` failed. Emits an event. Returns the error for callers.
  Error failed(ConnectAttempt attempt, const Cause& failure, TimePoint now, std::chrono::nanoseconds elapsed);
  /// An attempt ended without a result that concerns the server: loading, shutdown, a short deadline of the
  /// caller. Several short deadlines do count as a failure if no caller got a connection for half a second.
  Error inconclusive(ConnectAttempt attempt, const Cause& failure, TimePoint now,
                     std::chrono::nanoseconds elapsed);

  /// Ends an attempt for which no caller waits any more; emits no event.
  void given_up(const ConnectAttempt& attempt, TimePoint now) noexcept;

  /// The last failure, for callers that made no attempt, while none has succeeded since.
  [[nodiscard]] std::optional<Error> known_failure() const;
  /// The latest state of a server that can be reached but is not ready yet.
  [[nodiscard]] std::optional<protocol::NotReady> not_ready_now(TimePoint now) const;
  /// Why no attempt may start while the server is not ready yet. Cost: one relaxed load if it is ready.
  [[nodiscard]] std::optional<Error> must_wait(TimePoint now) const;
  /// True while `known_failure` has one: the server is away. Cost: one relaxed load.
  [[nodiscard]] bool failing() const noexcept { return failing_.load(std::memory_order_relaxed); }
  /// True while queueing for a connection makes sense: one works, or may be opened soon.
  [[nodiscard]] bool hopeful() const;
  /// True from a failed growth until an attempt succeeds, or until no connection works any more. Meantime
  /// callers queue for the connections that work, and attempts are made in the background.
  [[nodiscard]] bool growth_paused() const;
  /// When the next attempt to grow is due; `TimePoint::max()` unless growth is paused and none is under way.
  [[nodiscard]] TimePoint growth_due() const;
  /// `pool_timeout`: why a caller got no connection until its deadline.
  [[nodiscard]] ErrorInfo no_connection() const;
  /// True if growth is paused because server or process has no room for another connection. Closing one makes
  /// room.
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool up() const;
  [[nodiscard]] State state() const;
  /// When the next attempt may start.
  [[nodiscard]] TimePoint next_attempt() const;
  /// True if the next attempt is overdue.
  [[nodiscard]] bool attempt_overdue(TimePoint now) const;
  /// True if an attempt may start now.
  [[nodiscard]] bool may_begin(TimePoint now) const;
  /// A number in [0, 1).
  [[nodiscard]] double random();

  /// What the server has reported about itself so far.
  [[nodiscard]] ServerIdentity identity() const;
  /// Adds what the server reported in its reply to INFO.
  void learned(const ServerIdentity& info);
  [[nodiscard]] std::size_t created() const;
  [[nodiscard]] std::uint64_t connect_failures() const;

 private:
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
  void failed_again(const Error& error, std::uint64_t failures) const;

  Server& server_;
  mutable std::mutex mutex_{};
  protocol::Reconnect reconnect_;
  std::optional<Error> last_failure_{};  // since then the server is away
  protocol::Reconnect growth_;           // attempts while others work
  std::optional<Error> growth_failure_{};
  std::size_t working_ = 0;  // connections that are ready
  std::size_t opening_ = 0;  // attempts under way
  bool room_made_ = false;   // a working connection was closed, and no other has taken its place
  Random random_;
  std::size_t created_ = 0;
  std::uint64_t connect_failures_ = 0;
  protocol::LoadingWatch loading_{};
  std::condition_variable turn_{};  // waits for a server that is not ready
  protocol::IdentityWatch identity_{};
  Repeats failures_{};
  unsigned hurried_ = 0;  // attempts with too short deadlines since the last success
  TimePoint hurried_since_{};
  bool stopped_ = false;
  std::atomic<bool> waiting_{false};  // an attempt polls a server that is not ready yet
  unsigned losses_ = 0;               // since the last reply to a command
  std::uint64_t spared_ = 0;  // connections up to this number were ready at the first loss, which is ignored
  std::atomic<bool> failing_{false};      // `last_failure_` has the reason
  std::atomic<std::uint64_t> proven_{0};  // number of the last connection that has answered a command
};

}  // namespace redstart::inline v0::pool
