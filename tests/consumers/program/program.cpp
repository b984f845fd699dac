// SPDX-License-Identifier: Apache-2.0
// program.cpp: smallest use of the library; expects an error without a server.
#include <cstdio>
#include <redstart/redstart.hpp>

int main() {
  std::printf("redstart %s\n", redstart::version().data());

  redstart::RedisConfig config;
  config.database("main").endpoint = {.host = "127.0.0.1", .port = 1};  // No process listens there.
  redstart::RedisConnectionManager redis;
  redis.start(config);
  try {
    redis.client("main").get("key");
  } catch (const redstart::Unavailable& error) {
    std::printf("as expected: %s\n", error.what());
    return 0;
  }
  std::puts("no error, although no process listens on that port");
  return 1;
}
