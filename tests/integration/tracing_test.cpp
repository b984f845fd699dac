// SPDX-License-Identifier: Apache-2.0
// tracing_test.cpp: the spans of all kinds of operations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Keeps `operation error_type`, and checks that each span ends once.
class RecordingTracer final : public Tracer {
 public:
  Token start(const SpanStart& span) noexcept override {
    const std::scoped_lock lock(mutex_);
    std::string text(span.operation);
    if (span.batch_size != 0) text += " " + std::to_string(span.batch_size);
    open_.emplace(++last_, std::move(text));
    database_ = span.database;
    address_ = span.server_address;
    port_ = span.server_port;
    return last_;
  }
  void end(Token token, const SpanEnd& end) noexcept override {
    const std::scoped_lock lock(mutex_);
    auto found = open_.find(token);
    ASSERT_NE(found, open_.end()) << "each span ends once";
    std::string text = std::move(found->second);
    if (!end.error_type.empty()) text.append(" ").append(end.error_type);
    EXPECT_TRUE(end.status_code.empty() || end.status_code == end.error_type);
    if (!end.status_code.empty()) text += " (server)";
    ended_.push_back(std::move(text));
    open_.erase(found);
  }
  std::vector<std::string> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(ended_, {});
  }
  std::size_t open() {
    const std::scoped_lock lock(mutex_);
    return open_.size();
  }
  std::string where() {
    const std::scoped_lock lock(mutex_);
    return database_ + " " + address_ + " " + port_;
  }

 private:
  std::mutex mutex_{};
  Token last_ = 0;
  std::map<Token, std::string> open_{};
  std::vector<std::string> ended_{};
  std::string database_{};
  std::string address_{};
  std::string port_{};
};

class Tracing : public RedisTest {
 protected:
  Tracing() {
    config_.tracer = tracer_;
    config_.database("main");
  }
  RedisConfig config_ = RedisTest::IsSkipped() ? RedisConfig{} : config_at(server());
  std::shared_ptr<RecordingTracer> tracer_ = std::make_shared<RecordingTracer>();
};

template <class Operation>
auto wait(Operation operation) {
  return std::move(operation)(boost::asio::use_future).get();
}

TEST_F(Tracing, HasNoSpanForHandshakesAndLeases) {
  StartedManager redis(config_);
  const Client client = redis->main();
  AsyncClient async = redis->async_main();
  const ScopedClient scoped = redis->scoped_client("main");
  const AsyncScopedClient scoped_async = wait(redis->scoped_async_client("main"));
  EXPECT_THAT(tracer_->take(), IsEmpty());
  EXPECT_EQ(tracer_->open(), 0U);
}

TEST_F(Tracing, ReportsEachOperationOfSynchronousHandles) {
  StartedManager redis(config_);
  const Client client = redis->main();
  client.set("a", "1");
  EXPECT_EQ(tracer_->where(), "main 127.0.0.1 " + std::to_string(server().port()));
  static_cast<void>(client.results().lpush("a", "1"));
  static_cast<void>(client.results().command<std::string>("NO-SUCH-COMMAND", "secret"));
  redis->pipeline("main", [](Pipeline& pipe) { return std::pair{pipe.get("a"), pipe.incr("a")}; });
  ScopedClient scoped = redis->scoped_client("main");
  scoped.incr("a");
  auto pipe = scoped.pipeline();
  static_cast<void>(pipe.get("a"));
  static_cast<void>(pipe.lpush("a", "1"));
  static_cast<void>(pipe.execute());
  EXPECT_THAT(tracer_->take(), ElementsAre("SET", "LPUSH WRONGTYPE (server)", "_OTHER ERR (server)",
                                           "PIPELINE 2", "INCR", "PIPELINE 2 WRONGTYPE (server)"));
}

TEST_F(Tracing, ReportsEachOperationOfAsynchronousHandles) {
  StartedManager redis(config_);
  AsyncClient async = redis->async_main();
  wait(async.set("a", "1"));
  EXPECT_EQ(wait(async.get("a")), "1");
  EXPECT_EQ(error_of([&] { return wait(async.lpush("a", "1")); }).code(), Errc::server_error);
  AsyncScopedClient scoped = wait(redis->scoped_async_client("main"));
  EXPECT_EQ(wait(scoped.get("a")), "1");
  EXPECT_THAT(tracer_->take(), ElementsAre("SET", "GET", "LPUSH WRONGTYPE (server)", "GET"));
}

TEST_F(Tracing, EndsSpansOfFailedAndCancelledOperations) {
  const FreePort unused;
  config_.database("cache").endpoint.port = unused.number();
  config_.database("main").timeouts.command = 200ms;
  config_.database("main").timeouts.silence = 1min;
  StartedManager redis(config_);
  AsyncClient cache = redis->async_cache();
  EXPECT_EQ(error_of([&] { return wait(cache.get("a")); }).code(), Errc::connect_refused);
  raw().text({"CLIENT", "PAUSE", "60000", "WRITE"});
  EXPECT_EQ(error_of([&] { return redis->main().incr("a"); }).code(), Errc::timeout);
  EXPECT_EQ(error_of([&] { return wait(redis->async_main().incr("a")); }).code(), Errc::timeout);
  raw().text({"CLIENT", "UNPAUSE"});
  EXPECT_THAT(tracer_->take(), ElementsAre("GET connect_refused", "INCR timeout", "INCR timeout"));
  EXPECT_EQ(tracer_->open(), 0U);
}

TEST_F(Tracing, EndsEachSpanOnceUnderLoadAndShutdown) {
  constexpr std::size_t callers = 4;
  constexpr std::size_t each = 500;
  {
    StartedManager redis(config_);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < callers; ++i)
      threads.emplace_back([&, i] {
        AsyncClient async = redis->async_main();
        const Client client = redis->main();
        for (std::size_t n = 0; n < each; ++n) {
          if (i % 2 == 0)
            client.incr("n");
          else
            wait(async.incr("n"));
        }
      });
    threads.clear();
    AsyncClient async = redis->async_main();
    for (int n = 0; n < 100; ++n) async.get("n")([](std::exception_ptr, std::optional<std::string>) {});
  }
  EXPECT_EQ(tracer_->open(), 0U);
  EXPECT_EQ(tracer_->take().size(), callers * each + 100);
  EXPECT_EQ(raw().text({"GET", "n"}), std::to_string(callers * each));
}

}  // namespace
}  // namespace redstart::test
