// SPDX-License-Identifier: Apache-2.0
// memory_test.cpp: fault 35: failing allocations and throwing codecs leave calls and connections consistent.
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/heap_watch.hpp"
#include "support/managers.hpp"

namespace redstart::test {

/// Its text decides if it can be encoded and decoded; its nth decoding can run out of memory.
struct Fragile {
  std::string text{};
  static inline thread_local int reads_left = 0;  // 0: any number
};

}  // namespace redstart::test

template <>
struct redstart::codec<redstart::test::Fragile> {
  static std::string encode(const redstart::test::Fragile& value) {
    if (value.text == "unwritable") throw std::runtime_error("can't be written");
    return value.text;
  }
  static redstart::test::Fragile decode(std::string_view bytes) {
    if (redstart::test::Fragile::reads_left != 0 && --redstart::test::Fragile::reads_left == 0)
      throw std::bad_alloc();
    if (bytes == "unreadable") throw std::runtime_error("can't be read");
    return {std::string(bytes)};
  }
};

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Words = FakeConnection::Words;

// Longer than strings store in place.
const std::string tag = "a tag that is too long to be stored without an allocation";

void answering(FakeConnection& connection, std::size_t) {
  connection.serve([](const Words& words) -> std::string {
    if (words[0] == "ECHO" || words[0] == "GET") return resp_bulk(words[1]);
    if (words[0] == "LRANGE") {
      std::string list = "*50\r\n";
      for (int i = 0; i < 50; ++i) list += resp_bulk(tag);
      return list;
    }
    return words[0] == "INCR" ? resp_integer(1) : "+OK\r\n";
  });
}

// Runs `call` with its first, second, … allocation failing, until none is left to fail. In between, other
// calls get their own replies.
template <class Call>
void fail_each_allocation(RedisConnectionManager& redis, Call call) {
  std::size_t n = 1;
  for (bool fired = true; fired && n < 5000; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " fails");
    {
      const Client client = redis.client("main");
      const AllocationFault fault(n);
      try {
        call(client);
      } catch (const std::bad_alloc&) {
      } catch (const Error& error) {
        // A command that was sent must not fail as unsent, and its connection must be closed.
        EXPECT_THAT(error.code(),
                    ::testing::AnyOf(Errc::resource_exhausted, Errc::decode_error, Errc::connection_lost))
            << error.what();
      }
      fired = fault.fired();
    }
    ASSERT_EQ(redis.client("main").echo(tag + std::to_string(n)), tag + std::to_string(n));
    ASSERT_EQ(redis.stats("main").pool.in_use, 0U);
  }
  EXPECT_LT(n, 5000U);
  EXPECT_GT(n, 2U) << "nothing failed: the test is broken";
}

TEST(Fault35, SynchronousCallSurvivesEachFailedAllocation) {
  if (!AllocationFault::possible()) GTEST_SKIP() << "this sanitizer replaces operator new";
  FakeServer server(answering);
  RedisConfig config = config_at(server.port());
  config.defaults.reconnect = {1ms, 1ms, 1.0, Jitter::none};
  StartedManager redis(config);
  const std::vector<std::function<void(const Client&)>> calls{
      [](const Client& client) { static_cast<void>(client.set("key", std::string(20'000, 'x'))); },
      [](const Client& client) { EXPECT_EQ(client.get(tag), tag); },
      [](const Client& client) { EXPECT_EQ(client.lrange("list", 0, -1).size(), 50U); },
      [](const Client& client) { static_cast<void>(client.command<Value>("LRANGE", "list", 0, -1)); },
      [](const Client& client) {
        Pipeline pipe = client.pipeline();
        const auto one = pipe.get(tag);
        const auto two = pipe.incr("n");
        const auto three = pipe.lrange("list", 0, -1);
        const Replies replies = pipe.execute();
        EXPECT_EQ(replies[one].value(), tag);
        EXPECT_EQ(replies[two].value(), 1);
        EXPECT_EQ(replies[three].value().size(), 50U);
      }};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE("call " + std::to_string(i));
    fail_each_allocation(*redis, calls[i]);
  }
}

TEST(Fault35, ThrowingCodecAffectsNoOtherSynchronousCall) {
  FakeServer server(answering);
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW(static_cast<void>(client.set("key", Fragile{"unwritable"})), std::runtime_error);
    const Error error = error_of([&] { return client.command<Fragile>("GET", "unreadable"); });
    EXPECT_EQ(error.code(), Errc::decode_error);
    EXPECT_EQ(error.effect(), Effect::server_error) << "it was executed";
    EXPECT_EQ(client.echo(tag), tag);
    Pipeline pipe = client.pipeline();
    const auto before = pipe.get("before");
    EXPECT_THROW(static_cast<void>(pipe.set("key", Fragile{"unwritable"})), std::runtime_error);
    const auto bad = pipe.command<Fragile>("GET", "unreadable");
    const auto after = pipe.get("after");
    const Replies replies = pipe.execute();
    EXPECT_EQ(replies[before].value(), "before");
    EXPECT_EQ(replies[bad].error().code(), Errc::decode_error);
    EXPECT_EQ(replies[after].value(), "after");
  }
  EXPECT_EQ(server.accepted(), 1U);
  EXPECT_EQ(redis->stats("main").pool.in_use, 0U);
}

// A manager on a loop that the test runs.
class Loop {
 public:
  explicit Loop(std::uint16_t port) {
    RedisConfig config = config_at(port);
    config.start_timeout = 0ms;
    config.database("main").required = false;
    redis_.start(std::move(config), context_.get_executor());
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    asio::post(context_, [this] { redis_.shutdown(0ms); });
    work_.reset();
    context_.run();
  }
  AsyncClient client() { return redis_.async_client("main"); }
  // Starts an operation. Its reply or error is stored in `reply` or `error`, once.
  template <class R>
  struct Outcome {
    int completions = 0;
    std::exception_ptr error{};
    R reply{};
  };
  template <class R, class Operation>
  void start(Operation operation, Outcome<R>& outcome) {
    std::move(operation)(
        asio::bind_executor(context_.get_executor(), [&outcome](const std::exception_ptr& error, R reply) {
          ++outcome.completions;
          outcome.error = error;
          outcome.reply = std::move(reply);
        }));
  }
  template <class R>
  void finish(const Outcome<R>& outcome) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (outcome.completions == 0 && std::chrono::steady_clock::now() < deadline)
      context_.run_one_for(100ms);
    EXPECT_EQ(outcome.completions, 1);
  }
  void expect_service() {
    Outcome<std::string> echo;
    start(client().echo(tag), echo);
    finish(echo);
    EXPECT_FALSE(echo.error);
    EXPECT_EQ(echo.reply, tag);
  }
  RedisConnectionManager& redis() { return redis_; }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  RedisConnectionManager redis_{};
};

TEST(Fault35, EncodingAsyncOperationSurvivesEachFailedAllocation) {
  if (!AllocationFault::possible()) GTEST_SKIP() << "this sanitizer replaces operator new";
  FakeServer server(answering);
  Loop loop(server.port());
  loop.expect_service();
  const AsyncClient client = loop.client();
  const std::string value(20'000, 'x');
  std::size_t n = 1;
  for (bool fired = true; fired && n < 1000; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " fails");
    Loop::Outcome<bool> outcome;
    const auto encode = [&] {
      const AllocationFault fault(n);
      auto operation = client.set("key", value);
      fired = fault.fired();
      return operation;
    };
    try {
      loop.start(encode(), outcome);
      loop.finish(outcome);
      EXPECT_FALSE(outcome.error);
    } catch (const std::bad_alloc&) {
    }
    loop.expect_service();
  }
  EXPECT_GT(n, 2U) << "nothing failed: the test is broken";
  EXPECT_EQ(server.count("SET"), 1U) << "commands that could not be encoded must not be sent";
  EXPECT_EQ(server.accepted(), 1U);
}

TEST(Fault35, DecodingReplySurvivesEachFailedAllocation) {
  FakeServer server(answering);
  StartedManager redis(config_at(server.port()));
  Loop loop(server.port());
  const Client client = redis->client("main");
  for (int n = 1; n <= 51; ++n) {
    SCOPED_TRACE("element " + std::to_string(n));
    Fragile::reads_left = n;
    bool failed = false;
    try {
      EXPECT_EQ(client.command<std::vector<Fragile>>("LRANGE", "list", 0, -1).size(), 50U);
    } catch (const Error& error) {
      EXPECT_EQ(error.effect(), Effect::server_error) << "it was executed";
      failed = true;
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    EXPECT_EQ(failed, n <= 50);
    EXPECT_EQ(client.echo(tag), tag);

    Fragile::reads_left = n;
    Loop::Outcome<std::vector<Fragile>> list;
    loop.start(loop.client().command<std::vector<Fragile>>("LRANGE", "list", 0, -1), list);
    loop.finish(list);
    EXPECT_EQ(list.error != nullptr, n <= 50);
    loop.expect_service();
    Fragile::reads_left = 0;
  }
  EXPECT_EQ(redis->stats("main").pool.in_use, 0U);
  EXPECT_EQ(loop.redis().stats("main").pool.in_flight, 0U);
}

TEST(Fault35, FirstCallThatConnectsSurvivesEachFailedAllocation) {
  if (!AllocationFault::possible()) GTEST_SKIP() << "this sanitizer replaces operator new";
  FakeServer server(answering);
  std::size_t n = 1;
  for (bool fired = true; fired && n < 1000; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " fails");
    RedisConfig config = config_at(server.port());
    config.start_timeout = 0ms;
    config.defaults.startup.attempts = 0;
    config.defaults.reconnect = {1ms, 1ms, 1.0, Jitter::none};
    config.database("main").required = false;
    StartedManager redis(config);
    {
      const AllocationFault fault(n);
      try {
        EXPECT_EQ(redis->client("main").echo(tag), tag);
      } catch (const std::bad_alloc&) {
      } catch (const Error& error) {
        EXPECT_TRUE(fault.fired()) << error.what();
      }
      fired = fault.fired();
    }
    EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
    EXPECT_EQ(redis->client("main").echo(tag), tag);
    // A shared connection may have been opened to check whether the server is reachable.
    ASSERT_TRUE(eventually([&] {
      const PoolStats pool = redis->stats("main").pool;
      return pool.in_use == pool.shared;
    }));
  }
  EXPECT_GT(n, 5U) << "nothing failed: the test is broken";
}

TEST(Fault35, ThrowingCodecAffectsNoOtherAsyncOperation) {
  FakeServer server(answering);
  Loop loop(server.port());
  for (int i = 0; i < 3; ++i) {
    Loop::Outcome<std::optional<std::string>> before;
    Loop::Outcome<Fragile> bad;
    Loop::Outcome<std::optional<std::string>> after;
    const AsyncClient client = loop.client();
    loop.start(client.get("before"), before);
    EXPECT_THROW(static_cast<void>(client.set("key", Fragile{"unwritable"})), std::runtime_error);
    loop.start(client.command<Fragile>("GET", "unreadable"), bad);
    loop.start(client.get("after"), after);
    loop.finish(before);
    loop.finish(bad);
    loop.finish(after);
    EXPECT_EQ(before.reply, "before");
    EXPECT_EQ(after.reply, "after");
    EXPECT_EQ(error_of([&] { std::rethrow_exception(bad.error); }).code(), Errc::decode_error);
  }
  EXPECT_EQ(server.accepted(), 1U);
}

}  // namespace
}  // namespace redstart::test
