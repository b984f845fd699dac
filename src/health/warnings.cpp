// SPDX-License-Identifier: Apache-2.0
// warnings.cpp: the warnings about breaker, pool and server.
#include "warnings.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace redstart::inline v0::health {

namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", share * 100);
  return text;
}

std::string text_of(std::uint64_t number) { return std::to_string(number); }

double share(std::uint64_t part, std::uint64_t whole) noexcept {
  return static_cast<double>(part) / static_cast<double>(whole);
}

void add_breaker(DatabaseHealth& health) {
  const CircuitStatus& circuit = health.connectivity.circuit;
  if (circuit.state == BreakerState::half_open)
    health.warnings.push_back({"breaker_half_open", "the circuit breaker is " + to_string(circuit),
                               "It closes by itself once the server has answered a few calls"});
  if (circuit.state == BreakerState::forced_closed)
    health.warnings.push_back({"breaker_forced_closed",
                               "the circuit breaker was forced closed: it rejects no call",
                               "breaker(\"" + health.name + "\").automatic() ends that"});
}

void add_pool(DatabaseHealth& health) {
  const PoolStats& pool = health.pool;
  if (pool.waiting == 0 || pool.in_use < pool.maximum) return;
  health.warnings.push_back({"pool_exhausted",
                             "all " + text_of(pool.maximum) + " connections are in use, and " +
                                 text_of(pool.waiting) +
                                 (pool.waiting == 1 ? " caller waits" : " callers wait"),
                             "Raise max_connections, or look for scoped handles that are held too long"});
}

void add_clients(DatabaseHealth& health, const WarningFacts& facts, const HealthPolicy& policy) {
  const ServerHealth& server = health.server;
  const std::uint64_t most = server.maximum_clients.value_or(0);
  if (most == 0) return;
  const std::uint64_t clients = server.connected_clients.value_or(0);
  if (policy.clients_share > 0 && share(clients, most) > policy.clients_share)
    health.warnings.push_back({"clients",
                               text_of(clients) + " of " + text_of(most) + " clients are connected (" +
                                   percent(share(clients, most)) + ")",
                               "Raise maxclients, or find idle clients with CLIENT LIST"});
  const std::uint64_t wanted = std::uint64_t{facts.connections_on_server} * policy.replicas;
  if (wanted > most)
    health.warnings.push_back({"connections",
                               text_of(facts.connections_on_server) + " connections in each of " +
                                   text_of(policy.replicas) + " processes exceed maxclients (" +
                                   text_of(most) + ")",
                               "Lower max_connections or raise maxclients"});
}

void add_memory(DatabaseHealth& health, const WarningFacts& facts, const HealthPolicy& policy) {
  const ServerHealth& server = health.server;
  const std::uint64_t most = server.maximum_memory.value_or(0);
  const std::uint64_t used = server.used_memory.value_or(0);
  if (policy.memory_share > 0 && most != 0 && share(used, most) > policy.memory_share)
    health.warnings.push_back({"memory",
                               text_of(used) + " of " + text_of(most) + " bytes are in use (" +
                                   percent(share(used, most)) + " of maxmemory)",
                               "Raise maxmemory, or let keys expire"});
  if (policy.warn_of_evictions && facts.evicted != 0)
    health.warnings.push_back({"evictions",
                               text_of(facts.evicted) + " keys were evicted since the last probe",
                               "Raise maxmemory if these keys were still needed"});
}

void add_hit_ratio(DatabaseHealth& health, const HealthPolicy& policy) {
  const auto& ratio = health.server.hit_ratio;
  if (!ratio || *ratio >= policy.hit_ratio) return;
  health.warnings.push_back({"hit_ratio", percent(*ratio) + " of the look-ups found a key",
                             "Check the keys and their times to live, or lower HealthPolicy::hit_ratio"});
}

}  // namespace

void add_warnings(DatabaseHealth& health, const WarningFacts& facts, const HealthPolicy& policy) {
  add_breaker(health);
  add_pool(health);
  add_clients(health, facts, policy);
  add_memory(health, facts, policy);
  add_hit_ratio(health, policy);
}

}  // namespace redstart::inline v0::health
