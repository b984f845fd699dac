// SPDX-License-Identifier: Apache-2.0
// quickstart.cpp: the shortest program: connect to REDIS_URL, write, read, count.
#include <redstart/sync.hpp>

#include <chrono>
#include <iostream>
#include <tuple>

int main() try {
  auto& redis = redstart::RedisConnectionManager::instance();
  redis.start(redstart::RedisConfigLoader{}.load());  // REDIS_URL, else localhost:6379

  const auto db = redis.client("main");  // throws Unavailable when Redis can't be reached
  db.set("quickstart:greeting", "hello", {.expire = std::chrono::minutes(5)});

  const auto [greeting, runs] = db.pipeline([](auto& pipe) {  // two commands, one round trip
    return std::tuple{pipe.get("quickstart:greeting"), pipe.incr("quickstart:runs")};
  });
  std::cout << greeting.value_or("(gone)") << " from " << db.endpoint() << ", run " << runs << '\n';
} catch (const redstart::Error& error) {
  std::cerr << "quickstart: " << error.what() << '\n';
  return 1;
}
