// SPDX-License-Identifier: Apache-2.0
// io_threads_test.cpp: start and end of I/O threads.
#include "net/io_threads.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <pthread.h>
#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/managers.hpp"

namespace redstart::inline v0::net {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::eventually;
using test::running_threads;

std::unique_ptr<IoThreads> make(std::size_t count) { return std::make_unique<IoThreads>(count, nullptr); }

// Runs `body` on the executor and returns its result.
template <class Body>
auto on(const asio::any_io_executor& executor, Body body) {
  std::promise<decltype(body())> result;
  asio::post(executor, [&] { result.set_value(body()); });
  return result.get_future().get();
}

TEST(IoThreads, StartNoThreadBeforeFirstLoop) {
  const auto before = running_threads();
  const auto threads = make(2);
  static_cast<void>(threads->default_executor());
  EXPECT_TRUE(eventually([&] { return running_threads() <= before; }));
  static_cast<void>(threads->next());
  EXPECT_LE(running_threads(), before + 1);
}

TEST(IoThreads, AssignLoopsInTurnExceptOnOwnThread) {
  const auto threads = make(2);
  const Loop first = threads->next();
  const Loop second = threads->next();
  EXPECT_NE(first.executor, second.executor);
  EXPECT_EQ(first.executor, first.handler_executor);
  EXPECT_EQ(threads->next().executor, first.executor);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(on(second.executor, [&] { return threads->next().executor; }), second.executor);
  EXPECT_EQ(threads->width(), 2U);
}

TEST(IoThreads, RecognizeAndMarkTheirThreads) {
  const auto threads = make(1);
  const auto others = make(1);
  EXPECT_FALSE(threads->on_this_thread());
  EXPECT_FALSE(on_loop_thread());
  EXPECT_TRUE(on(threads->next().executor,
                 [&] { return threads->on_this_thread() && !others->on_this_thread() && on_loop_thread(); }));
}

TEST(IoThreads, NameTheirThreads) {
  const auto threads = make(1);
  EXPECT_EQ(on(threads->next().executor,
               [] {
                 std::array<char, 16> name{};
                 pthread_getname_np(pthread_self(), name.data(), name.size());
                 return std::string(name.data());
               }),
            "redstart-io-0");
}

TEST(IoThreads, CompletePendingWorkOnStop) {
  const auto threads = make(1);
  std::atomic<int> done{0};
  const auto executor = threads->next().executor;
  for (int i = 0; i < 100; ++i)
    asio::post(executor, [&, executor] { asio::post(executor, [&] { ++done; }); });
  threads->stop(Clock::now() + 10s, IoThreads::Remaining::run);
  EXPECT_EQ(done, 100);
}

TEST(IoThreads, DropForeignWorkOnStop) {
  const auto before = running_threads();
  const auto threads = make(1);
  const auto forgotten = std::make_shared<int>();
  auto timer = std::make_unique<asio::steady_timer>(threads->next().executor, 1h);
  timer->async_wait([forgotten](boost::system::error_code) {});
  const auto began = Clock::now();
  threads->stop(began + 20ms, IoThreads::Remaining::drop);
  EXPECT_LT(Clock::now() - began, 10s);
  EXPECT_TRUE(eventually([&] { return running_threads() <= before && forgotten.use_count() == 1; }));
}

// The handlers of operations that have ended must run, also on a machine that is too slow for the deadline.
TEST(IoThreads, RunQueuedHandlersBeforeTheyDropWork) {
  const auto before = running_threads();
  const auto threads = make(1);
  const auto executor = threads->next().executor;
  std::promise<void> release;
  std::atomic<int> ran{0};
  asio::post(executor, [&] { release.get_future().wait(); });
  for (int i = 0; i < 100; ++i) asio::post(executor, [&] { ++ran; });
  threads->stop(Clock::now() + 10ms, IoThreads::Remaining::drop);
  EXPECT_EQ(ran, 0) << "stop does not wait for the handler that hangs";
  release.set_value();
  EXPECT_TRUE(eventually([&] { return ran == 100 && running_threads() <= before; }));
}

TEST(IoThreads, DoNotAwaitHangingHandlerOnStop) {
  const auto before = running_threads();
  std::promise<void> release;
  std::atomic<bool> ran_after{false};
  {
    const auto threads = make(1);
    const auto executor = threads->next().executor;
    asio::post(executor, [&] { release.get_future().wait(); });
    asio::post(executor, [&] { ran_after = true; });
    threads->stop(Clock::now() + 10ms, IoThreads::Remaining::run);
    EXPECT_LE(running_threads(), before + 1);
  }
  release.set_value();
  EXPECT_TRUE(eventually([&] { return ran_after && running_threads() <= before; }))
      << "it continued without a new call";
}

TEST(IoThreads, AllowDestructionOnOwnThread) {
  const auto before = running_threads();
  auto threads = make(2);
  static_cast<void>(threads->next());
  const auto executor = threads->next().executor;
  std::atomic<bool> ran_after{false};
  std::promise<void> posted;  // the post must happen before the context is destroyed
  asio::post(executor, [&, executor] {
    posted.get_future().wait();
    threads.reset();
    asio::post(executor, [&] { ran_after = true; });
  });
  posted.set_value();
  EXPECT_TRUE(eventually([&] { return ran_after && running_threads() <= before; }));
}

TEST(IoThreads, RunLateWorkOnFlush) {
  const auto before = running_threads();
  const auto threads = make(1);
  static_cast<void>(threads->next());
  threads->stop(Clock::now() + 10s, IoThreads::Remaining::run);
  for (int i = 0; i < 100; ++i) {
    std::promise<void> ran;
    asio::post(threads->default_executor(), [&] { ran.set_value(); });
    threads->flush();
    ran.get_future().wait();
  }
  EXPECT_TRUE(eventually([&] { return running_threads() <= before; }));
}

// Work posted after the end is completed, too, at any rate.
TEST(IoThreads, LoseNothingWhenCallersKeepPosting) {
  const auto before = running_threads();
  const auto threads = make(1);
  static_cast<void>(threads->next());
  std::atomic<int> posted{0};
  std::atomic<int> ran{0};
  std::atomic<bool> enough{false};
  std::jthread poster([&] {
    while (!enough) {
      if (posted - ran > 1000) {
        std::this_thread::yield();
        continue;
      }
      ++posted;
      asio::post(threads->default_executor(), [&] { ++ran; });
      threads->flush();
    }
  });
  EXPECT_TRUE(eventually([&] { return ran > 100; }));
  threads->stop(Clock::now() + 20ms, IoThreads::Remaining::drop);
  const int until = posted + 2000;  // more than can be pending
  EXPECT_TRUE(eventually([&] { return ran > until; })) << posted - ran << " are left";
  enough = true;
  poster.join();
  EXPECT_TRUE(eventually([&] { return ran == posted && running_threads() <= before; }));
}

TEST(IoThreads, RunLateHandlersWithoutHandOver) {
  const auto before = running_threads();
  std::promise<void> ran;
  asio::post(late_loop().default_executor(), [&] { ran.set_value(); });
  late_loop().flush();
  ran.get_future().wait();
  EXPECT_TRUE(eventually([&] { return running_threads() <= before; }));
}

TEST(IoThreadsDeathTest, ReportsExceptionOfHandlerAndTerminates) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        IoThreads threads(1, [](std::string_view what) {
          std::fprintf(stderr, "reported: %.*s\n", static_cast<int>(what.size()), what.data());
        });
        asio::post(threads.next().executor, [] { throw std::runtime_error("thrown by a handler"); });
        threads.stop(Clock::now() + 10s, IoThreads::Remaining::run);
      },
      "reported: thrown by a handler");
}

}  // namespace
}  // namespace redstart::inline v0::net
