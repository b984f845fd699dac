// SPDX-License-Identifier: Apache-2.0
// plugin.cpp: a shared library that uses redstart inside.
#include <redstart/sync.hpp>

bool server_is_away() {
  redstart::RedisConfig config;
  config.listener = nullptr;
  config.database("main").endpoint = {.host = "127.0.0.1", .port = 1};  // No process listens there.
  redstart::RedisConnectionManager redis;
  redis.start(config);
  return !redis.optional_client("main");
}
