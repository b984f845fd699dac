// SPDX-License-Identifier: Apache-2.0
// server.hpp: one server of a database: address, identity, breaker, reachability.
#pragma once

#include "../core/failures.hpp"
#include "../net/preparation.hpp"
#include "../observe/counters.hpp"
#include "../protocol/outcome.hpp"
#include "../resilience/server_condition.hpp"
#include "breaker.hpp"
#include "capacity.hpp"
#include "database.hpp"
#include "reachability.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/endpoint.hpp>
#include <redstart/core/error.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/observe/circuit_status.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/stats.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace redstart::inline v0::pool {

/// One server of a database: all that depends on this server alone. `Database` has what its servers have in
/// common.
///
/// Thread safety: full. The address never changes.
class Server {
 public:
  Server(std::shared_ptr<Database> database, Endpoint endpoint);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] Database& database() const noexcept { return *database_; }
  [[nodiscard]] const std::shared_ptr<Database>& database_ptr() const noexcept { return database_; }
  /// The settings of the database, with the endpoint of this server.
  [[nodiscard]] const DatabaseConfig& config() const noexcept { return settings_.now(); }
  [[nodiscard]] const LiveSettings& settings() const noexcept { return settings_; }
  /// Takes over the settings of the database after their reload, except for the capacity.
  void reload();
  /// The database, the address, and whether connections authenticate: the origin of each reply.
  [[nodiscard]] const engine::Origin& origin() const noexcept { return origin_; }
  /// Resolves the name, and provides credentials and TLS settings, for connect attempts.
  [[nodiscard]] const std::shared_ptr<net::Preparer>& preparer() const noexcept { return preparer_; }
  [[nodiscard]] Reachability& reachability() noexcept { return reachability_; }
  /// The grants of its connections. The lock of its direct pool guards it.
  [[nodiscard]] Capacity& capacity() noexcept { return capacity_; }
  /// The operations that this server has ended.
  [[nodiscard]] OperationCounters& counters() const noexcept { return counters_; }

  [[nodiscard]] Breaker& breaker() noexcept { return breaker_; }
  /// The breaker as users see it.
  [[nodiscard]] CircuitStatus circuit(TimePoint now) const;
  /// Sets `changed`, which is called on any thread when the breaker's decisions change. Call before the
  /// first use.
  void on_circuit(std::function<void()> changed) { circuit_changed_ = std::move(changed); }

  /// Whether the duration of an operation is counted with this failure.
  enum class Observed : std::uint8_t {
    now,
    already,  ///< With an earlier failure of another part of the batch.
  };
  /// Returns the error of a call that failed; also counts it and keeps it for the statistics.
  [[nodiscard]] Error failed(std::string_view command, std::uint64_t commands, ErrorInfo info,
                             Observed observed = Observed::now) const;
  /// A command was answered with an error: counts it, and emits an event if one is due. `duration`: of the
  /// call.
  void error_reply(const engine::RequestTraits& request, std::string_view command, std::string_view message,
                   std::chrono::nanoseconds duration, TimePoint now) const noexcept;
  /// True if a call of that duration is to be reported.
  [[nodiscard]] bool is_slow(std::chrono::nanoseconds duration) const noexcept {
    return duration > slow_limit_.load(std::memory_order_relaxed);
  }
  /// Reports slow calls of one command, unless the command waits in the server on purpose.
  void slow(OperationId operation, std::uint64_t operations, std::chrono::nanoseconds duration,
            TimePoint now) const noexcept;
  /// Returns the error of a call without counting it, as where the caller cancelled it.
  [[nodiscard]] Error error(std::string_view command, ErrorInfo info) const;
  /// Returns the error of a connect attempt.
  [[nodiscard]] Error unreachable(const Cause& failure, std::chrono::nanoseconds elapsed) const;
  /// Returns the error of a call that the circuit breaker does not let pass.
  [[nodiscard]] ErrorInfo circuit_open(TimePoint now) const;
  /// Returns the error of a call whose own limit had expired before it started; also counts it.
  [[nodiscard]] Error expired(std::string_view command, std::uint64_t commands) const;
  /// Returns the condition of the server that an error reply shows.
  [[nodiscard]] ServerCondition condition_of(std::string_view message, ReplyOf reply_of) const noexcept;
  /// Returns code, effect and remedy of an exchange without a usable reply, to decide about a retry.
  [[nodiscard]] Failure failure_of(const protocol::Outcome& outcome, ReplyOf reply_of) const noexcept;

  /// Emits an event of this server.
  void emit(Event event) const noexcept;
  /// Reports a connection that is ready after `duration` and `failures` failed attempts. `first`: it is the
  /// first one of this server.
  void connection_ready(std::uint64_t failures, std::chrono::nanoseconds duration, bool first) const noexcept;
  /// Reports `failures` failed attempts, the last of which had this error; 0: reports nothing.
  void connect_failed(const Error& error, std::uint64_t failures) const;
  /// Reports a connection that had been ready and was closed.
  void connection_closed(CloseReason reason) const noexcept;
  /// A connection could not authenticate again. `refused`: the number of the credentials that the server has
  /// refused, or 0. Emits an event.
  void unauthenticated(const Cause& why, std::uint64_t refused) const noexcept;
  /// Reports unsolicited push messages.
  void pushes_dropped(std::uint64_t messages) const noexcept;
  /// Fills in all except the connections, which the pools add.
  void collect(NodeStats& into) const;

 private:
  void emit_circuit(const Breaker::Change& change) const;
  void report_failure(std::string_view command, std::uint64_t commands, const Error& error) const noexcept;

  const std::shared_ptr<Database> database_;
  LiveSettings settings_;
  const engine::Origin origin_;
  OperationCounters& counters_;
  const std::shared_ptr<net::Preparer> preparer_;
  Breaker breaker_;
  Reachability reachability_;
  std::atomic<std::chrono::nanoseconds> slow_limit_;
  Capacity capacity_;
  std::function<void()> circuit_changed_{};
};

/// Returns when to close a connection that was opened at `opened`: in the last tenth of its lifetime, so
/// that connections opened together are not closed together. `random` in [0, 1).
[[nodiscard]] TimePoint retirement(const Server& server, TimePoint opened, double random) noexcept;

}  // namespace redstart::inline v0::pool
