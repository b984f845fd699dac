// SPDX-License-Identifier: Apache-2.0
// smallest_redstart_async.cpp: the smallest asynchronous program that gets a key.
#include <redstart/async.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>

boost::asio::awaitable<void> get(redstart::RedisConnectionManager& redis) {
  const auto text = co_await redis.async_client("main").get("greeting");
  std::puts(text.value_or("nothing").c_str());
  redis.shutdown();
}

int main() {
  boost::asio::io_context context;
  redstart::RedisConnectionManager redis;
  redis.start(redstart::RedisConfigLoader{}.load(), context.get_executor());
  boost::asio::co_spawn(context, get(redis), boost::asio::detached);
  context.run();
}
