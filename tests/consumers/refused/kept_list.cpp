// SPDX-License-Identifier: Apache-2.0
// kept_list.cpp: references into temporary statistics don't compile.
// expect: deleted
// cases: 5
#include <redstart/sync.hpp>

int main() {
  redstart::RedisConnectionManager redis;
#ifdef REDSTART_CONTROL
  const auto kept = redis.stats();
  const auto& first = kept.databases.front();
  const auto& second = kept.databases[1];
  static_cast<void>(first);
  static_cast<void>(second);
  for (const auto& database : redis.stats().databases) static_cast<void>(database);
#elif REDSTART_CASE == 1
  const auto& first = redis.stats().databases.front();
#elif REDSTART_CASE == 2
  const auto& first = redis.stats().databases[0];
#elif REDSTART_CASE == 3
  const auto& last = redis.stats().databases.back();
#elif REDSTART_CASE == 4
  const auto& error = redis.stats("main").operations.last_errors.front();
#elif REDSTART_CASE == 5
  const auto first = redis.stats().databases.begin();
#endif
}
