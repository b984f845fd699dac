// SPDX-License-Identifier: Apache-2.0
// health_policy.hpp: times and thresholds of health checks.
#pragma once

#include <redstart/core/error.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace redstart::inline v0 {

/// The times and thresholds of a `HealthMonitor`.
///
/// A share of 0 or a count of 0 turns its warning off, except where another meaning is named.
struct HealthPolicy {
  /// Limit of one check of all databases together; 10 ms … 2 s. A database with a shorter `timeouts.health`
  /// is probed for that long at most.
  std::chrono::milliseconds budget{2000};
  /// Time between checks of the background thread; 100 ms … 1 h.
  std::chrono::milliseconds interval{5000};
  /// `check` returns a report that is younger instead of probing again. 0: always probe; at most 1 h.
  std::chrono::milliseconds cache_time{1000};

  /// Consecutive probes after which a ready database counts as not ready; 1 … 100.
  unsigned failures = 3;
  /// Consecutive probes after which a database that was ready before counts as ready again; 1 … 100.
  unsigned successes = 2;

  /// Upper bounds of `excellent`, `good`, `acceptable` and `poor`, above 0 and ascending.
  std::array<std::chrono::microseconds, 4> latency_bounds{
      std::chrono::milliseconds{1}, std::chrono::milliseconds{5}, std::chrono::milliseconds{20},
      std::chrono::milliseconds{100}};

  double clients_share = 0.8;  ///< Warns if more of the server's `maxclients` are connected; 0 … 1.
  double memory_share = 0.9;   ///< Warns if more of the server's `maxmemory` is in use; 0 … 1.
  double hit_ratio = 0.8;      ///< Warns if fewer look-ups of keys find one; 0 … 1.
  std::uint64_t minimum_lookups = 1000;  ///< Look-ups from which the hit ratio counts; 1 …
  bool warn_of_evictions = true;         ///< Warns if the server has evicted keys since the last probe.
  /// Processes of this service that use the same servers. Warns if their `max_connections` together exceed
  /// `maxclients`. 0: no warning.
  std::size_t replicas = 1;

  /// Writes, reads and deletes a temporary key. False: the operational check is not made.
  bool operational_check = true;
  /// The beginning of temporary keys. A process identifier and a random number follow. 1 … 200 bytes.
  std::string key_prefix = "redstart:health:";
  /// A temporary key expires after this time if it could not be deleted; 1 s … 1 h.
  std::chrono::milliseconds key_lifetime{10'000};
};

/// All faults of a policy; empty if there is none. The constructor of `HealthMonitor` throws them as
/// ConfigError.
[[nodiscard]] std::vector<ConfigFault> validate(const HealthPolicy& policy);

}  // namespace redstart::inline v0
