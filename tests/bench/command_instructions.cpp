// SPDX-License-Identifier: Apache-2.0
// command_instructions.cpp: sends a fixed number of GETs to a server and back.
// check_instructions.py counts the instructions under callgrind. The server is that of REDIS_URL
// (scripts/with-redis).
#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using namespace redstart;
namespace asio = boost::asio;

const std::string key(16, 'k');

void check(std::size_t bytes, long times) {
  if (bytes != 32 * static_cast<std::size_t>(times)) std::abort();
}

void synchronous(const Client& db, long times) {
  std::size_t bytes = 0;
  for (long i = 0; i != times; ++i) bytes += db.get(key)->size();
  check(bytes, times);
}

void results(const Client& db, long times) {
  std::size_t bytes = 0;
  const auto quiet = db.results();
  for (long i = 0; i != times; ++i) bytes += quiet.get(key).value()->size();
  check(bytes, times);
}

void pipelines(const Client& db, long times) {
  constexpr int size = 100;
  for (long i = 0; i < times; i += size) {
    auto pipe = db.pipeline();
    const auto first = pipe.get(key);
    for (int j = 1; j != size; ++j) pipe.get(key);
    check(pipe.execute()[first].value()->size(), 1);
  }
}

struct Chains {
  AsyncClient client;
  long left;
  std::size_t bytes = 0;
};

asio::awaitable<void> chain(Chains& chains) {
  while (chains.left-- > 0) chains.bytes += (co_await chains.client.get(key))->size();
}

void coroutines(RedisConnectionManager& redis, asio::io_context& context, int count, long times) {
  Chains chains{redis.async_client("main"), times};
  int alive = count;
  for (int i = 0; i != count; ++i) {
    asio::co_spawn(context, chain(chains), [&](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
      if (--alive == 0) redis.shutdown();
    });
  }
  context.run();
  check(chains.bytes, times);
}

int run(std::string_view name, long times) {
  RedisConfig config = RedisConfigLoader{}.load();
  config.cleanup_interval = {};
  config.defaults.timeouts.command = std::chrono::minutes(1);  // callgrind is slow
  asio::io_context context(1);
  RedisConnectionManager redis;
  redis.start(std::move(config), context.get_executor());
  {
    const auto db = redis.client("main");
    db.set(key, std::string(32, 'v'));
    if (name == "get") {
      synchronous(db, times);
    } else if (name == "get_results") {
      results(db, times);
    } else if (name == "get_pipeline_of_100") {
      pipelines(db, times);
    } else if (name == "get_coroutine") {
      coroutines(redis, context, 1, times);
    } else if (name == "get_64_coroutines") {
      coroutines(redis, context, 64, times);
    } else {
      std::cerr << "command_instructions: no operation " << name << '\n';
      return 2;
    }
  }
  redis.shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: command_instructions OPERATION TIMES\n";
    return 2;
  }
  return run(argv[1], std::strtol(argv[2], nullptr, 10));
}
