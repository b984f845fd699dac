// SPDX-License-Identifier: Apache-2.0
// named_databases.hpp: accessors for the databases with predefined names.
#pragma once

#include <redstart/client/client.hpp>
#include <redstart/config/redis_database.hpp>
#include <redstart/core/clock.hpp>

namespace redstart::inline v0 {

/// The standard and the asynchronous handle of each predefined database, as functions of its name. The base
/// of `ClientProvider`.
///
///     redis.main().set("greeting", "hello");
///     co_await redis.async_sessions().get("user:1");
///
/// `timeout` and errors are those of `ClientProvider::client` and `async_client`. The asynchronous functions
/// need `redstart/redstart.hpp`. `Async` is `AsyncClient`.
template <class Provider, class Async>
class NamedDatabases {
 public:
  [[nodiscard]] Client main(TimeLimit timeout = {}) { return sync(RedisDatabase::main, timeout); }
  [[nodiscard]] Client cache(TimeLimit timeout = {}) { return sync(RedisDatabase::cache, timeout); }
  [[nodiscard]] Client sessions(TimeLimit timeout = {}) { return sync(RedisDatabase::sessions, timeout); }
  [[nodiscard]] Client pubsub(TimeLimit timeout = {}) { return sync(RedisDatabase::pubsub, timeout); }
  [[nodiscard]] Client knowledge(TimeLimit timeout = {}) { return sync(RedisDatabase::knowledge, timeout); }
  [[nodiscard]] Client prompts(TimeLimit timeout = {}) { return sync(RedisDatabase::prompts, timeout); }
  [[nodiscard]] Client agents(TimeLimit timeout = {}) { return sync(RedisDatabase::agents, timeout); }
  [[nodiscard]] Client metrics(TimeLimit timeout = {}) { return sync(RedisDatabase::metrics, timeout); }
  [[nodiscard]] Client logs(TimeLimit timeout = {}) { return sync(RedisDatabase::logs, timeout); }
  [[nodiscard]] Client jobs(TimeLimit timeout = {}) { return sync(RedisDatabase::jobs, timeout); }
  [[nodiscard]] Client workflows(TimeLimit timeout = {}) { return sync(RedisDatabase::workflows, timeout); }
  [[nodiscard]] Client db11(TimeLimit timeout = {}) { return sync(RedisDatabase::db11, timeout); }
  [[nodiscard]] Client db12(TimeLimit timeout = {}) { return sync(RedisDatabase::db12, timeout); }
  [[nodiscard]] Client db13(TimeLimit timeout = {}) { return sync(RedisDatabase::db13, timeout); }
  [[nodiscard]] Client db14(TimeLimit timeout = {}) { return sync(RedisDatabase::db14, timeout); }
  [[nodiscard]] Client db15(TimeLimit timeout = {}) { return sync(RedisDatabase::db15, timeout); }

  [[nodiscard]] Async async_main() { return async(RedisDatabase::main); }
  [[nodiscard]] Async async_cache() { return async(RedisDatabase::cache); }
  [[nodiscard]] Async async_sessions() { return async(RedisDatabase::sessions); }
  [[nodiscard]] Async async_pubsub() { return async(RedisDatabase::pubsub); }
  [[nodiscard]] Async async_knowledge() { return async(RedisDatabase::knowledge); }
  [[nodiscard]] Async async_prompts() { return async(RedisDatabase::prompts); }
  [[nodiscard]] Async async_agents() { return async(RedisDatabase::agents); }
  [[nodiscard]] Async async_metrics() { return async(RedisDatabase::metrics); }
  [[nodiscard]] Async async_logs() { return async(RedisDatabase::logs); }
  [[nodiscard]] Async async_jobs() { return async(RedisDatabase::jobs); }
  [[nodiscard]] Async async_workflows() { return async(RedisDatabase::workflows); }
  [[nodiscard]] Async async_db11() { return async(RedisDatabase::db11); }
  [[nodiscard]] Async async_db12() { return async(RedisDatabase::db12); }
  [[nodiscard]] Async async_db13() { return async(RedisDatabase::db13); }
  [[nodiscard]] Async async_db14() { return async(RedisDatabase::db14); }
  [[nodiscard]] Async async_db15() { return async(RedisDatabase::db15); }

 protected:
  NamedDatabases() = default;
  NamedDatabases(const NamedDatabases&) = default;
  NamedDatabases& operator=(const NamedDatabases&) = default;
  ~NamedDatabases() = default;

 private:
  [[nodiscard]] Client sync(RedisDatabase database, TimeLimit timeout) {
    return static_cast<Provider&>(*this).client(database, timeout);
  }
  [[nodiscard]] Async async(RedisDatabase database) {
    return static_cast<Provider&>(*this).async_client(database);
  }
};

}  // namespace redstart::inline v0
