// SPDX-License-Identifier: Apache-2.0
// smallest_redstart.cpp: the smallest program that gets a key; redstart_bench compiles it for W9.
#include <redstart/sync.hpp>

#include <cstdio>

int main() {
  redstart::RedisConnectionManager redis;
  redis.start(redstart::RedisConfigLoader{}.load());
  std::puts(redis.client("main").get("greeting").value_or("nothing").c_str());
}
