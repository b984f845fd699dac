// SPDX-License-Identifier: Apache-2.0
// bomb_test.cpp: faults 23, 25: declared but unsent data costs no memory.
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "support/fake_server.hpp"
#include "support/heap_watch.hpp"
#include "support/managers.hpp"
#include "support/sanitizers.hpp"
#include "support/small_stack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Words = FakeConnection::Words;

constexpr std::size_t allowed = 64 << 10;
// A large string is received directly into its final buffer once 128 KiB of it have arrived.
constexpr std::size_t allowed_in_place = (128 << 10) + allowed;

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Answers GET "bad" with these bytes and the end of the stream.
FakeServer::Script answering_bad(const std::string& bytes) {
  return [bytes](FakeConnection& connection, std::size_t) {
    for (Words words = connection.handshake(); !words.empty(); words = connection.handshake()) {
      if (words.at(1) != "bad") {
        connection.send(resp_bulk("value of " + words[1]));
        continue;
      }
      connection.send(bytes);
      connection.half_close();
      connection.await_close();
      return;
    }
  };
}

void expect_refused(const Error& error, Errc code, std::size_t peak) {
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  // ThreadSanitizer's heap watch also counts buffers that exist before a reply arrives.
  if (!with_thread_sanitizer) {
    EXPECT_LE(peak, code == Errc::protocol_error ? allowed : allowed_in_place);
  }
}

RedisConfig once_config(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.defaults.retry.mode = RetryMode::off;
  config.defaults.timeouts.command = 30s;
  return config;
}

template <class R>
void refuse_synchronously(const std::string& bytes, Errc code) {
  FakeServer server(answering_bad(bytes));
  StartedManager redis(once_config(server.port()));
  const Client client = redis->client("main");
  EXPECT_EQ(client.get("good"), "value of good");
  std::size_t peak = 0;
  const Error error = error_of([&] {
    const HeapWatch watch;
    struct Look {
      const HeapWatch& watch;
      std::size_t& peak;
      ~Look() { peak = watch.peak(); }
    } const look{watch, peak};
    return client.command<R>("GET", "bad");
  });
  expect_refused(error, code, peak);
  EXPECT_EQ(client.get("good"), "value of good");
}

template <class R>
void refuse_asynchronously(const std::string& bytes, Errc code) {
  FakeServer server(answering_bad(bytes));
  asio::io_context context(1);
  auto work = asio::make_work_guard(context);
  RedisConnectionManager redis;
  RedisConfig config = once_config(server.port());
  config.start_timeout = 0ms;
  config.database("main").required = false;
  redis.start(config, context.get_executor());
  const AsyncClient client = redis.async_client("main");
  const auto ended = [&](auto operation) -> std::optional<Error> {
    bool done = false;
    std::exception_ptr failure;
    std::move(operation)(
        asio::bind_executor(context.get_executor(), [&](const std::exception_ptr& error, auto&&...) {
          failure = error;
          done = true;
        }));
    while (!done) context.run_one();
    if (!failure) return std::nullopt;
    return error_of([&] { std::rethrow_exception(failure); });
  };
  EXPECT_FALSE(ended(client.get("good")));
  std::optional<Error> error;
  std::size_t peak = 0;
  {
    const HeapWatch watch;
    error = ended(client.command<R>("GET", "bad"));
    peak = watch.peak();
  }
  ASSERT_TRUE(error);
  expect_refused(*error, code, peak);
  asio::post(context, [&] { redis.shutdown(0ms); });
  work.reset();
  context.run();
}

template <class R>
void expect_refused_cheaply(const std::string& bytes, Errc code) {
  SCOPED_TRACE(bytes.substr(0, 40) + " as " + typeid(R).name());
  const auto refuse = [&] {
    refuse_synchronously<R>(bytes, code);
    refuse_asynchronously<R>(bytes, code);
  };
  if constexpr (with_address_sanitizer || with_thread_sanitizer)
    refuse();  // sanitizers make stack frames larger
  else
    on_small_stack(refuse);
}

TEST(Fault23, DeclaredLengthsAllocateNothing) {
  for (const std::string bytes : {"$9223372036854775807\r\n", "*1000000000\r\n", "%4611686018427387904\r\n",
                                  "~9223372036854775807\r\n", "*2\r\n:1\r\n$9223372036854775807\r\n"}) {
    expect_refused_cheaply<Value>(bytes, Errc::protocol_error);
    expect_refused_cheaply<std::optional<std::string>>(bytes, Errc::protocol_error);
    expect_refused_cheaply<std::vector<std::string>>(bytes, Errc::protocol_error);
  }
}

TEST(Fault23, LengthsWithinLimitsAllocateAsDataArrives) {
  for (const std::string bytes : {"$500000000\r\nabc", "*100000000\r\n:1\r\n", "%50000000\r\n"}) {
    expect_refused_cheaply<Value>(bytes, Errc::connection_lost);
    expect_refused_cheaply<std::optional<std::string>>(bytes, Errc::connection_lost);
    expect_refused_cheaply<std::vector<std::string>>(bytes, Errc::connection_lost);
  }
}

TEST(Fault25, MillionNestingLevelsUseNeitherMemoryNorStack) {
  expect_refused_cheaply<Value>(repeated("*1\r\n", 1'000'000), Errc::protocol_error);
  expect_refused_cheaply<Value>(repeated("|1\r\n", 1'000'000), Errc::protocol_error);
}

TEST(Fault25, LargeAggregatesOnThousandLevelsAllocateAsDataArrives) {
  expect_refused_cheaply<Value>(repeated("*1000000\r\n", 1'000), Errc::connection_lost);
}

}  // namespace
}  // namespace redstart::test
