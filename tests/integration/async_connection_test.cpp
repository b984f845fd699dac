// SPDX-License-Identifier: Apache-2.0
// async_connection_test.cpp: many concurrent operations over one connection to a real server.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/redis_test.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using engine::Cancellation;

class AsyncConnectionTest : public RedisTest {};

TEST_F(AsyncConnectionTest, EachOfTenThousandOperationsGetsItsOwnReply) {
  TestLink link(server().port());
  ASSERT_TRUE(link.open());
  constexpr std::size_t all = 10'000;
  for (std::size_t i = 0; i < all; ++i)
    link.submit(TestOperation::make({"ECHO", std::to_string(i)}, link.into(i)));
  ASSERT_TRUE(link.run_to_end(all));
  for (std::size_t i = 0; i < all; ++i) {
    const std::string text = std::to_string(i);
    EXPECT_EQ(link.endings[i]->replies.at(0), "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  }
  EXPECT_EQ(link.owner->answers, all);
  EXPECT_EQ(link.connection->load().operations, 0U);
  EXPECT_EQ(link.connection->load().bytes, 0U);
}

TEST_F(AsyncConnectionTest, OperationSubmittedInCompletionIsSentInSameTurn) {
  TestLink link(server().port());
  std::size_t left = 1000;
  std::function<void(Ending)> next = [&](const Ending& ending) {
    ASSERT_FALSE(ending.error.has_value()) << ending.error->what();
    if (--left != 0) link.submit(TestOperation::make({"INCR", "n"}, next));
  };
  link.submit(TestOperation::make({"INCR", "n"}, next));  // opens the connection
  ASSERT_TRUE(link.run_until([&] { return left == 0; }));
  EXPECT_EQ(raw().text({"GET", "n"}), "1000");
  EXPECT_EQ(link.owner->wanted_calls, 1);
  EXPECT_EQ(link.owner->opened_calls, 1);
}

// Operations are cancelled or expire at random moments. Each gets its own reply or an error, and ends once.
TEST_F(AsyncConnectionTest, RandomCancellationsAndDeadlinesShiftNoReply) {
  constexpr std::size_t at_once = 64;
  constexpr std::uint64_t all = 200'000;
  TestLink link(server().port());
  ASSERT_TRUE(link.open());
  std::mt19937 random(3);
  std::uint64_t started = 0;
  std::size_t ended = 0;
  std::size_t given_up = 0;
  std::size_t wrong = 0;
  std::function<void()> next = [&] {
    if (started == all) return;
    const std::uint64_t id = ++started;
    auto& operation = TestOperation::make({"ECHO", std::to_string(id)}, [&, id](Ending ending) {
      ++ended;
      if (ending.error)
        ++given_up;
      else if (ending.replies.at(0) != resp_bulk(std::to_string(id)))
        ++wrong;
      next();
    });
    operation.known_as(id);
    if (random() % 3 == 0) operation.within(std::chrono::microseconds(random() % 3000));
    link.submit(operation);
    if (random() % 3 == 0)
      link.connection->cancel(started - random() % at_once,
                              random() % 2 == 0 ? Cancellation::total : Cancellation::terminal);
  };
  for (std::size_t i = 0; i < at_once; ++i) next();
  ASSERT_TRUE(link.run_until([&] { return ended == all; }));
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(given_up, all / 50);
  EXPECT_LT(given_up, all);
  EXPECT_EQ(link.owner->closed_calls, 0);
  EXPECT_EQ(link.connection->load().operations, 0U);
}

class AsyncThreadsTest : public RedisTest {
 protected:
  // Many threads submit, cancel and wait, while `threads` threads run the loop.
  static void run(bool strand, std::size_t threads) {
    constexpr std::size_t callers = 6;
    constexpr std::size_t each = 3000;
    const LiveSettings config(TestLink::at(server().port()));
    const std::string name = "test";
    const auto owner = std::make_shared<TestOwner>();
    boost::asio::io_context context(static_cast<int>(threads));
    auto work = boost::asio::make_work_guard(context);
    std::vector<std::jthread> loops;
    for (std::size_t i = 0; i < threads; ++i) loops.emplace_back([&] { context.run(); });
    const boost::asio::any_io_executor home = context.get_executor();
    const boost::asio::any_io_executor executor =
        strand ? boost::asio::any_io_executor(boost::asio::make_strand(context)) : home;
    const auto connection = net::AsyncConnection::make({executor, home, 0}, config, name, owner,
                                                       net::AsyncConnection::Kind::shared);
    std::atomic<std::size_t> ended{0};
    std::atomic<std::size_t> wrong{0};
    std::atomic<std::size_t> answered{0};
    {
      std::vector<std::jthread> users;
      for (std::size_t user = 0; user < callers; ++user)
        users.emplace_back([&, user] {
          for (std::size_t i = 0; i < each; ++i) {
            const std::string text = std::to_string(user) + "/" + std::to_string(i);
            const std::uint64_t id = 1 + user * each + i;
            connection->submit(TestOperation::make({"ECHO", text}, [&, text](const Ending& ending) {
                                 if (!ending.error) ++answered;
                                 if (!ending.error && ending.replies.at(0) != resp_bulk(text)) ++wrong;
                                 ++ended;
                               }).known_as(id));
            if (i % 5 == 0) connection->cancel(id, Cancellation::terminal);
          }
        });
    }
    const auto eventually = [](auto condition) {
      const auto deadline = std::chrono::steady_clock::now() + 30s;
      while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
      return condition();
    };
    EXPECT_TRUE(eventually([&] { return ended == callers * each; }));
    EXPECT_EQ(wrong, 0U);
    EXPECT_GE(answered, callers * each * 4 / 5);
    EXPECT_EQ(connection->load().operations, 0U);
    connection->stop({});
    EXPECT_TRUE(eventually([&] { return owner->stopped_calls == 1; }));
    work.reset();
  }
};

TEST_F(AsyncThreadsTest, ManyThreadsUseAnOwnedIoThread) { run(false, 1); }
TEST_F(AsyncThreadsTest, ManyThreadsUseAStrandOnFourThreads) { run(true, 4); }

}  // namespace
}  // namespace redstart::test
