// SPDX-License-Identifier: Apache-2.0
// cancellation_test.cpp: fault 33: operations cancelled after each loop step complete once and cleanly.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
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

// Answers as Redis does. Expects that no connection is reused inside another caller's transaction, or with
// keys watched.
void watchful(FakeConnection& connection, std::size_t) {
  bool dirty = false;
  connection.serve([&](const Words& words) -> std::string {
    if (words[0] == "WATCH" || words[0] == "MULTI") dirty = true;
    if (words[0] == "UNWATCH" || words[0] == "DISCARD" || words[0] == "EXEC") dirty = false;
    EXPECT_FALSE(dirty && words[0] == "ECHO") << "another caller's command ran inside a transaction";
    if (words[0] == "GET") return resp_bulk("value of " + words[1]);
    if (words[0] == "EXEC") return "*0\r\n";
    return words[0] == "ECHO" ? resp_bulk(words[1]) : "+OK\r\n";
  });
}

// A manager on a loop that the test runs step by step.
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
    EXPECT_TRUE(run_until([this] { return !redis_.started(); }));
    work_.reset();
    context_.run_for(30s);
    EXPECT_TRUE(context_.stopped()) << "the loop still has work";
  }

  // Runs one handler of the loop.
  void step() { context_.run_one_for(30s); }
  template <class Condition>
  [[nodiscard]] bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context_.run_one_for(100ms);
    }
    return true;
  }
  // A handler for any operation: it counts completions, stores the error, and can be cancelled.
  auto handler() {
    return asio::bind_executor(
        context_.get_executor(),
        asio::bind_cancellation_slot(signal_.slot(), [this](const std::exception_ptr& error, auto&&...) {
          ++completions_;
          error_ = error;
        }));
  }
  void cancel() { signal_.emit(asio::cancellation_type::terminal); }
  [[nodiscard]] int completions() const { return completions_; }
  // The error of the operation; empty if it succeeded.
  [[nodiscard]] std::optional<Error> error() const {
    if (!error_) return std::nullopt;
    return error_of([this] { std::rethrow_exception(error_); });
  }
  RedisConnectionManager& redis() { return redis_; }
  AsyncClient client() { return redis_.async_client("main"); }
  // The result of an operation that is not cancelled.
  template <class R, class Operation>
  std::optional<R> result_of(Operation operation) {
    std::optional<R> result;
    bool ended = false;
    std::move(operation)(
        asio::bind_executor(context_.get_executor(), [&](const std::exception_ptr& error, R reply) {
          ended = true;
          if (!error) result = std::move(reply);
        }));
    EXPECT_TRUE(run_until([&] { return ended; }));
    return result;
  }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  RedisConnectionManager redis_{};
  asio::cancellation_signal signal_{};
  int completions_ = 0;
  std::exception_ptr error_{};
};

// Runs `start` repeatedly and cancels it after 0, 1, 2, … steps of the loop, until it completes before it is
// cancelled. Returns the number of steps that took. `warm`: connections are open already.
std::size_t cancel_after_each_step(bool warm, const std::function<void(Loop&)>& start) {
  for (std::size_t k = 0; k < 1000; ++k) {
    SCOPED_TRACE("cancelled after step " + std::to_string(k));
    FakeServer server(watchful);
    Loop loop(server.port());
    if (warm) {
      EXPECT_EQ(loop.result_of<std::string>(loop.client().echo("warm")), "warm");
    }
    start(loop);
    for (std::size_t step = 0; step < k && loop.completions() == 0; ++step) loop.step();
    const bool done = loop.completions() != 0;
    if (!done) loop.cancel();
    EXPECT_TRUE(loop.run_until([&] { return loop.completions() != 0; }));
    const auto error = loop.error();
    if (error) {
      EXPECT_EQ(error->code(), Errc::cancelled) << error->what();
      EXPECT_FALSE(done);
    }
    // Other callers get their own replies on any connection.
    for (const std::string tag : {"one", "two", "three"})
      EXPECT_EQ(loop.result_of<std::string>(loop.client().echo(tag)), tag);
    EXPECT_EQ(loop.completions(), 1);
    const auto pool = loop.redis().stats("main").pool;
    EXPECT_EQ(pool.leased, 0U);
    EXPECT_EQ(pool.in_flight, 0U);
    EXPECT_EQ(pool.waiting, 0U);
    if (::testing::Test::HasFailure()) return k;
    if (done) return k;
  }
  ADD_FAILURE() << "the operation never completes";
  return 1000;
}

TEST(Fault33, CommandOnSharedConnectionCompletesOnceWhenCancelled) {
  const auto get = [](Loop& loop) { loop.client().get("key")(loop.handler()); };
  EXPECT_GE(cancel_after_each_step(true, get), 1U);
  EXPECT_GE(cancel_after_each_step(false, get), 4U) << "the steps of connecting must be covered";
}

TEST(Fault33, PipelineCompletesOnceWhenCancelled) {
  cancel_after_each_step(true, [](Loop& loop) {
    AsyncPipeline pipe = loop.client().pipeline();
    for (const char* key : {"a", "b", "c"}) static_cast<void>(pipe.get(key));
    std::move(pipe).execute()(loop.handler());
  });
}

TEST(Fault33, BlockingCommandCompletesOnceWhenCancelled) {
  const auto block = [](Loop& loop) { loop.client().command<Value>("BLPOP", "list", 0)(loop.handler()); };
  EXPECT_GE(cancel_after_each_step(false, block), 4U);
}

TEST(Fault33, AcquiringScopedHandleCompletesOnceWhenCancelled) {
  const auto acquire = [](Loop& loop) { loop.redis().scoped_async_client("main")(loop.handler()); };
  EXPECT_GE(cancel_after_each_step(false, acquire), 4U);
  cancel_after_each_step(true, acquire);
}

TEST(Fault33, TransactionOnScopedHandleCompletesOnceWhenCancelled) {
  for (const std::vector<std::string>& before :
       {std::vector<std::string>{}, std::vector<std::string>{"WATCH"},
        std::vector<std::string>{"WATCH", "MULTI"}}) {
    for (const std::string last : {"WATCH", "MULTI", "EXEC"}) {
      SCOPED_TRACE(last);
      std::optional<AsyncScopedClient> scope;
      cancel_after_each_step(true, [&](Loop& loop) {
        scope = loop.result_of<AsyncScopedClient>(loop.redis().scoped_async_client("main"));
        ASSERT_TRUE(scope);
        for (const std::string& name : before)
          EXPECT_TRUE(loop.result_of<Value>(scope->command<Value>(name, "key")));
        scope->command<Value>(last, "key")(loop.handler());
        scope.reset();  // returned while the command is in flight
      });
    }
  }
}

}  // namespace
}  // namespace redstart::test
