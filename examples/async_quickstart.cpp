// SPDX-License-Identifier: Apache-2.0
// async_quickstart.cpp: the shortest asynchronous program, on the service's own io_context.
#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <tuple>

namespace asio = boost::asio;

asio::awaitable<void> serve(redstart::RedisConnectionManager& redis) {
  const auto db = redis.async_client("main");
  co_await db.set("quickstart:greeting", "hello", {.expire = std::chrono::minutes(5)});

  const auto [greeting, runs] = co_await db.pipeline([](auto& pipe) {  // two commands, one round trip
    return std::tuple{pipe.get("quickstart:greeting"), pipe.incr("quickstart:runs")};
  });
  std::cout << greeting.value_or("(gone)") << " from " << db.endpoint() << ", run " << runs << '\n';

  redis.shutdown();  // lets run() return
}

int main() try {
  asio::io_context context;
  auto& redis = redstart::RedisConnectionManager::instance();
  redis.start(redstart::RedisConfigLoader{}.load(),
              context.get_executor());  // no thread of the library's own

  asio::co_spawn(context, serve(redis), [&redis](const std::exception_ptr& error) {
    redis.shutdown();
    if (error) std::rethrow_exception(error);  // leaves run()
  });
  context.run();
} catch (const redstart::Error& error) {
  std::cerr << "async_quickstart: " << error.what() << '\n';
  return 1;
}
