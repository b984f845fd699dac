// SPDX-License-Identifier: Apache-2.0
// async_validate_connection_test.cpp: inspections as asynchronous operations.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Words = FakeConnection::Words;

void answering(FakeConnection& connection, std::size_t) {
  connection.serve([](const Words& words) -> std::string {
    if (words[0] == "INFO") return resp_bulk("redis_version:7.0.15\r\n");
    return words[0] == "SETRANGE" ? resp_integer(0) : "+PONG\r\n";
  });
}

// Accepts connections and answers nothing.
class SilentServer {
 public:
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::size_t accepted() const { return server_.accepted(); }
  ~SilentServer() { gate_.open(); }
  SilentServer() = default;
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

 private:
  Gate gate_{};
  FakeServer server_{[this](FakeConnection& connection, std::size_t) { connection.wait(gate_); }};
};

TEST(AsyncValidateConnection, CompletesFutureWithReport) {
  FakeServer server(answering);
  StartedManager redis(config_at(server.port()));
  const ConnectionReport report = redis->async_validate_connection("main")(asio::use_future).get();
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_EQ(report.server.version, "7.0.15");
  EXPECT_EQ(report.writable, true);
}

TEST(AsyncValidateConnection, ResumesCoroutineOnItsExecutor) {
  FakeServer server(answering);
  asio::io_context context;
  StartedManager redis(config_at(server.port()));
  std::optional<ConnectionReport> report;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        report = co_await redis->async_validate_connection("main");
        EXPECT_TRUE(context.get_executor().running_in_this_thread());
      },
      [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  context.run();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok()) << report->explain();
}

TEST(AsyncValidateConnection, CallsHandlerWithTheProblemInTheReport) {
  StartedManager redis(config_at(FreePort().number()));
  std::promise<ConnectionReport> done;
  redis->async_validate_connection("main")([&done](const std::exception_ptr& error, ConnectionReport report) {
    EXPECT_FALSE(error);
    done.set_value(std::move(report));
  });
  const ConnectionReport report = done.get_future().get();
  EXPECT_FALSE(report.reachable);
  EXPECT_EQ(report.problem->code(), Errc::connect_refused) << report.explain();
}

TEST(AsyncValidateConnection, ReportsEqualsThatOfTheBlockingCall) {
  SilentServer server;
  StartedManager redis(config_at(server.port()));
  const ConnectionReport report = redis->async_validate_connection("main", 50ms)(asio::use_future).get();
  EXPECT_EQ(report.problem->code(), redis->validate_connection("main", 50ms).problem->code());
}

// One thread serves both.
TEST(AsyncValidateConnection, DoesNotBlockTheLoop) {
  SilentServer silent;
  FakeServer server(answering);
  asio::io_context context;
  RedisConfig config = config_at(server.port());
  config.database("main");
  config.database("cache").endpoint.port = silent.port();
  RedisConnectionManager redis;
  redis.start(std::move(config), context.get_executor());
  bool inspected = false;
  int pings = 0;
  redis.async_validate_connection("cache",
                                  10s)([&](const std::exception_ptr&, const auto&) { inspected = true; });
  const AsyncClient client = redis.async_client("main");
  for (int i = 0; i != 10; ++i)
    client.ping()([&](const std::exception_ptr& error, const auto&) { pings += error ? 0 : 1; });
  while (pings != 10) ASSERT_NE(context.run_one_for(5s), 0U);
  EXPECT_FALSE(inspected);
  redis.shutdown(0ms);
  context.run();
  EXPECT_TRUE(inspected);
}

TEST(AsyncValidateConnection, EndsAtOnceWhenCancelled) {
  SilentServer server;
  StartedManager redis(config_at(server.port()));
  for (const auto kind : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    redis->async_validate_connection("main", 1s)(asio::bind_executor(
        context, asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, const auto&) {
          outcome = std::move(error);
        })));
    signal.emit(kind);
    context.run();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(error_of([&]() -> int { std::rethrow_exception(outcome); }).code(), Errc::cancelled);
  }
}

TEST(AsyncValidateConnection, RefusesMoreThan16AtATime) {
  SilentServer server;
  StartedManager redis(config_at(server.port()));
  std::vector<std::future<ConnectionReport>> first;
  for (int i = 0; i != 16; ++i)
    first.push_back(redis->async_validate_connection("main", 2s)(asio::use_future));
  auto refused = redis->async_validate_connection("main", 2s)(asio::use_future);
  EXPECT_EQ(error_of([&] { return refused.get(); }).code(), Errc::overloaded);
  for (auto& each : first) EXPECT_FALSE(each.get().ok());
  EXPECT_FALSE(redis->async_validate_connection("main", 10ms)(asio::use_future).get().ok())
      << "the earlier ones have ended";
}

TEST(AsyncValidateConnection, FailsWithClosedAtShutdown) {
  SilentServer server;
  StartedManager redis(config_at(server.port()));
  auto running = redis->async_validate_connection("main", 1s)(asio::use_future);
  auto later = redis->async_validate_connection("main", 1s);
  redis->shutdown(0ms);
  EXPECT_EQ(error_of([&] { return running.get(); }).code(), Errc::closed);
  auto started = std::move(later)(asio::use_future);
  EXPECT_EQ(error_of([&] { return started.get(); }).code(), Errc::closed);
  auto made = redis->async_validate_connection("main")(asio::use_future);
  EXPECT_EQ(error_of([&] { return made.get(); }).code(), Errc::closed);
}

TEST(AsyncValidateConnection, ThrowsAtOnceForUnknownDatabase) {
  SilentServer server;
  StartedManager redis(config_at(server.port()));
  EXPECT_EQ(error_of([&] {
              static_cast<void>(redis->async_validate_connection("nonsense"));
              return 0;
            }).code(),
            Errc::unknown_database);
  RedisConnectionManager unused;
  EXPECT_EQ(error_of([&] {
              static_cast<void>(unused.async_validate_connection("main"));
              return 0;
            }).code(),
            Errc::not_started);
}

// The handler is destroyed with the context, without a call.
TEST(AsyncValidateConnection, IsDroppedWithTheContextOfTheService) {
  SilentServer server;
  auto context = std::make_unique<asio::io_context>();
  RedisConnectionManager redis;
  redis.start(config_at(server.port()), context->get_executor());
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = alive;
  redis.async_validate_connection(
      "main", 300ms)([alive = std::move(alive)](const std::exception_ptr&, const auto&) { ADD_FAILURE(); });
  context.reset();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace redstart::test
