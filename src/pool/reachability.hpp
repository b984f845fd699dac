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

/// Decides when a connection may be opened, and whether the database is away. It is away once an attempt has
/// failed while no connection of it works and no other attempt is under way. From then on there is one
/// attempt at a time, whichever kind of connection makes it. While a connection works, an attempt that fails
/// is a failed growth: it delays the next attempt, and nothing else.
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

  /// Begins an attempt, which `succeeded`, `failed` or `inconclusive` must end; or says why there must be
  /// none now: `Errc::loading` where another waits for a server that is not ready yet.
  [[nodiscard]] Result<ConnectAttempt> begin(TimePoint now);
  /// A connection is ready, and works until `left`. Emits the events, and half-opens an open breaker unless
  /// the server has dropped connections that were ready. Returns what `lost` takes.
  protocol::Reconnect::Connection succeeded(const ConnectAttempt& attempt);
  /// Connections that were ready are closed. Before `lost`. `idle`: nothing was wrong with them; where the
  /// server was full that makes room for an attempt or two, before the database is taken to be away.
  void left(std::size_t connections = 1, bool idle = false) noexcept;
  /// A connection was lost. The first loss before any answer is forgiven, with all connections that were
  /// ready by then. The loss of a later one counts as a failed attempt: a server that greets and then drops
  /// everybody is not back. Emits the event then.
  void lost(const protocol::Reconnect::Connection& connection, CloseReason reason, TimePoint now);
  /// The server of a connection that is about to be ready has said who it is. Emits the event when that is
  /// another one than before.
  void met(const ConnectAttempt& attempt, const protocol::Greeting& greeting);
  /// The server that an attempt has reached is not ready yet. Emits the event when that is news. False: the
  /// attempt is to be given up, since another waits already.
  [[nodiscard]] bool not_ready(const ConnectAttempt& attempt, const protocol::NotReady& state);
  /// Waits while another attempt waits for the server, until it makes sense to begin one; false at the
  /// deadline.
  [[nodiscard]] bool await_turn(TimePoint deadline);
  /// Lets nobody wait any more.
  void stop() noexcept;
  /// A user's command was answered over the connection of that number: only then the server is back, and
  /// delays start over. Quick: takes the lock for the first of each new connection.
  void answered(std::uint64_t connection) noexcept {
    if (connection > proven_.load(std::memory_order_relaxed)) [[unlikely]]
      prove(connection);
  }
  /// An attempt that took `elapsed` failed. Emits the event. Returns what callers are told.
  Error failed(ConnectAttempt attempt, const Cause& failure, TimePoint now, std::chrono::nanoseconds elapsed);
  /// It ended without telling anything about the server: loading, shut down, a caller in a hurry. A few
  /// callers in a hurry do tell, when nobody got a connection for half a second.
  Error inconclusive(ConnectAttempt attempt, const Cause& failure, TimePoint now,
                     std::chrono::nanoseconds elapsed);

  /// The same without a word: nobody waits for it any more.
  void given_up(const ConnectAttempt& attempt, TimePoint now) noexcept;

  /// The last failure, worded for those who were not there, while nothing has succeeded since.
  [[nodiscard]] std::optional<Error> known_failure() const;
  /// What a server that can be reached, but is not ready yet, said last.
  [[nodiscard]] std::optional<protocol::NotReady> not_ready_now(TimePoint now) const;
  /// Why there must be no attempt now as the server is not ready yet. Quick where that is not so.
  [[nodiscard]] std::optional<Error> must_wait(TimePoint now) const;
  /// Quick: true while `known_failure` has one: the database is away.
  [[nodiscard]] bool failing() const noexcept { return failing_.load(std::memory_order_relaxed); }
  /// True while it makes sense to queue for a connection: one works, or may be opened soon.
  [[nodiscard]] bool hopeful() const;
  /// True from a failed growth until an attempt succeeds, or until no connection works any more: callers
  /// queue for the connections that work, and attempts are made beside them.
  [[nodiscard]] bool growth_paused() const;
  /// When the next attempt to grow is due: `Time::max()` unless growth is paused and nobody tries.
  [[nodiscard]] TimePoint growth_due() const;
  /// `pool_timeout`: why a caller that waited in vain got no connection.
  [[nodiscard]] ErrorInfo no_connection() const;
  /// True where growth is paused since server or process has no room for another connection: closing one
  /// makes room.
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool up() const;
  [[nodiscard]] State state() const;
  /// When the next attempt may be made.
  [[nodiscard]] TimePoint next_attempt() const;
  /// True when the time for the next attempt is over and nobody makes one.
  [[nodiscard]] bool attempt_overdue(TimePoint now) const;
  /// True when an attempt would be allowed now.
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
  std::optional<Error> last_failure_{};  // since then the database is away
  protocol::Reconnect growth_;           // attempts while others work
  std::optional<Error> growth_failure_{};
  std::size_t working_ = 0;  // connections that are ready
  std::size_t opening_ = 0;  // attempts under way
  bool room_made_ = false;   // by closing one that worked, and not taken yet
  Random random_;
  std::size_t created_ = 0;
  std::uint64_t connect_failures_ = 0;
  protocol::LoadingWatch loading_{};
  std::condition_variable turn_{};  // to wait for the server
  protocol::IdentityWatch identity_{};
  Repeats failures_{};
  unsigned hurried_ = 0;  // attempts for which a caller had too little time, since one succeeded
  TimePoint hurried_since_{};
  bool stopped_ = false;
  std::atomic<bool> waiting_{false};  // for a server that is not ready yet
  unsigned losses_ = 0;               // since something was answered
  std::uint64_t spared_ = 0;  // up to this number they were ready at the first of these losses: forgiven
  std::atomic<bool> failing_{false};      // `last_failure_` tells why there is no connection
  std::atomic<std::uint64_t> proven_{0};  // the number of the last connection that has answered a command
};

}  // namespace redstart::inline v0::pool
