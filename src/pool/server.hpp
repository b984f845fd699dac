// SPDX-License-Identifier: Apache-2.0
// server.hpp: one server of a database: address, identity, breaker, reachability.
#pragma once

#include "../core/failures.hpp"
#include "../net/outcome.hpp"
#include "../net/preparation.hpp"
#include "../observe/counters.hpp"
#include "../resilience/server_condition.hpp"
#include "breaker.hpp"
#include "database.hpp"
#include "reachability.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/endpoint.hpp>
#include <redstart/core/error.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/observe/circuit_status.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace redstart::inline v0::pool {

/// One server of a database: all that depends on this server alone. `Database` has what its servers have in
/// common.
///
/// Thread safety: full. Settings and address never change.
class Server {
 public:
  Server(std::shared_ptr<Database> database, Endpoint endpoint);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] Database& database() const noexcept { return *database_; }
  [[nodiscard]] const std::shared_ptr<Database>& database_ptr() const noexcept { return database_; }
  /// The settings of the database, with the endpoint of this server.
  [[nodiscard]] const DatabaseConfig& config() const noexcept { return config_; }
  /// The database, the address, and whether connections authenticate: the origin of each reply.
  [[nodiscard]] const engine::Origin& origin() const noexcept { return origin_; }
  /// Resolves the name, and provides credentials and TLS settings, for connect attempts.
  [[nodiscard]] const std::shared_ptr<net::Preparer>& preparer() const noexcept { return preparer_; }
  [[nodiscard]] Reachability& reachability() noexcept { return reachability_; }
  /// The operations that this server has ended.
  [[nodiscard]] OperationCounters& counters() const noexcept { return counters_; }

  [[nodiscard]] Breaker& breaker() noexcept { return breaker_; }
  /// The breaker as users see it.
  [[nodiscard]] CircuitStatus circuit(TimePoint now) const;
  /// Sets `changed`, which is called on any thread when the breaker's decisions change. Call before the
  /// first use.
  void on_circuit(std::function<void()> changed) { circuit_changed_ = std::move(changed); }

  /// Returns the error of a call that failed; also counts it and keeps it for the statistics.
  [[nodiscard]] Error failed(std::string_view command, std::uint64_t commands, ErrorInfo info) const;
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
  [[nodiscard]] Failure failure_of(const net::Outcome& outcome, ReplyOf reply_of) const noexcept;

  void emit(EventKind kind, std::string_view detail) const noexcept;
  /// Reports unsolicited push messages.
  void pushes_dropped(std::uint64_t messages) const noexcept;
  /// Fills in all except the connections, which the pools add.
  void collect(NodeStats& into) const;

 private:
  void emit_circuit(const Breaker::Change& change) const;

  const std::shared_ptr<Database> database_;
  const DatabaseConfig config_;
  const engine::Origin origin_;
  OperationCounters& counters_;
  const std::shared_ptr<net::Preparer> preparer_;
  Breaker breaker_;
  Reachability reachability_;
  std::function<void()> circuit_changed_{};
};

/// Returns when to close a connection that was opened at `opened`: in the last tenth of its lifetime, so
/// that connections opened together are not closed together. `random` in [0, 1).
[[nodiscard]] TimePoint retirement(const Server& server, TimePoint opened, double random) noexcept;

}  // namespace redstart::inline v0::pool
