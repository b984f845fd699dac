// SPDX-License-Identifier: Apache-2.0
// program.cpp: the smallest use of the library; needs no server, expects the error for one that is not there.
#include <cstdio>
#include <redstart/redstart.hpp>

int main() {
  std::printf("redstart %s\n", redstart::version().data());

  redstart::RedisConfig config;
  config.database("main").endpoint = {.host = "127.0.0.1", .port = 1};  // Nothing listens there.
  redstart::RedisConnectionManager redis;
  redis.start(config);
  try {
    redis.client("main").get("key");
  } catch (const redstart::Unavailable& error) {
    std::printf("as expected: %s\n", error.what());
    return 0;
  }
  std::puts("no error, although nothing listens on that port");
  return 1;
}
