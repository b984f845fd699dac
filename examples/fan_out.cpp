// SPDX-License-Identifier: Apache-2.0
// fan_out.cpp: a thousand coroutines at once over one connection.
#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using redstart::AsyncClient;

constexpr int visitors = 1000;
constexpr int visits = 20;

struct Tally {
  int left = visitors;
  int wrong = 0;
  int late = 0;
};

// Writes a value that only this coroutine writes, reads it back, and counts.
asio::awaitable<void> visit(AsyncClient db, int id, Tally& tally) {
  const std::string key = "fan_out:" + std::to_string(id);
  for (int i = 0; i < visits; ++i) {
    const std::string mine = std::to_string(id) + "/" + std::to_string(i);
    co_await db.set(key, mine, {.expire = 1min});
    const std::optional<std::string> read = co_await db.get(key);
    if (read != mine) ++tally.wrong;

    // results() returns errors as values; with_timeout() sets a shorter limit.
    const auto count = co_await db.with_timeout(500ms).results().incr("fan_out:visits");
    if (!count) ++tally.late;
  }
}

}  // namespace

int main() try {
  asio::io_context context;
  redstart::RedisConnectionManager redis;
  redis.start(redstart::RedisConfigLoader{}.load(), context.get_executor());
  const AsyncClient db = redis.async_client("main");

  Tally tally;
  std::exception_ptr failure;
  const auto began = std::chrono::steady_clock::now();
  for (int id = 0; id < visitors; ++id) {
    asio::co_spawn(context, visit(db, id, tally), [&](const std::exception_ptr& error) {
      if (error) failure = error;
      if (--tally.left != 0) return;
      const auto pool = redis.stats("main").pool;
      std::cout << pool.shared << " connection carried " << visitors << " coroutines\n";
      redis.shutdown();
    });
  }
  context.run();
  if (failure) std::rethrow_exception(failure);

  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double commands = 3.0 * visitors * visits;
  std::cout << commands << " commands in " << took.count() << " s, " << commands / took.count()
            << " a second; " << tally.wrong << " replies of somebody else, " << tally.late << " failed\n";
  return tally.wrong == 0 ? 0 : 1;
} catch (const redstart::Error& error) {
  std::cerr << "fan_out: " << error.what() << '\n';
  return 1;
}
