// SPDX-License-Identifier: Apache-2.0
// async_threads_test.cpp: one asynchronous client used by many threads.
#include "support/async_script_test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::test {
namespace {

/// Runs the loop on its own thread.
class AsyncThreads : public AsyncScript {
 protected:
  AsyncThreads() { channel_->answers = Answers::in_a_turn; }
  ~AsyncThreads() override {
    work_.reset();
    thread_.join();
  }

  static constexpr std::size_t threads = 4, rounds = 200;

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  std::thread thread_{[this] { loop_.run(); }};
};

TEST_F(AsyncThreads, ReceiveTheirOwnReplies) {
  channel_->frames.assign(threads * rounds, "$5\r\nhello\r\n");
  std::vector<std::thread> callers;
  std::atomic<std::size_t> right{0};
  for (std::size_t i = 0; i != threads; ++i) {
    callers.emplace_back([&, async = async_] {
      for (std::size_t n = 0; n != rounds; ++n) {
        if (async.get("key")(asio::use_future).get() == "hello") ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, threads * rounds);
}

TEST_F(AsyncThreads, KeepCoroutinesOnTheirThread) {
  channel_->frames.assign(rounds, ":1\r\n");
  asio::io_context own;
  std::future<std::int64_t> sum = asio::co_spawn(
      own,
      [&]() -> asio::awaitable<std::int64_t> {
        const auto here = std::this_thread::get_id();
        std::int64_t total = 0;
        for (std::size_t n = 0; n != rounds; ++n) {
          total += co_await async_.incr("key");
          EXPECT_EQ(std::this_thread::get_id(), here);
        }
        co_return total;
      },
      asio::use_future);
  own.run();
  EXPECT_EQ(sum.get(), static_cast<std::int64_t>(rounds));
}

TEST_F(AsyncThreads, CompleteOnceWhenCancelledDuringReply) {
  channel_->frames.assign(threads * rounds, ":1\r\n");
  asio::thread_pool pool(2);
  std::atomic<std::size_t> answered{0}, cancelled{0};
  struct Caller {
    explicit Caller(asio::thread_pool& on) : strand(asio::make_strand(on)) {}

    asio::strand<asio::thread_pool::executor_type> strand;
    asio::cancellation_signal signal{};
    std::size_t left = rounds;
    std::promise<void> done{};
  };
  std::vector<std::unique_ptr<Caller>> callers;
  struct Next {
    AsyncClient async;
    Caller& caller;
    std::atomic<std::size_t>&answered, &cancelled;

    void start() const {
      async.results().incr("key")(asio::bind_executor(
          caller.strand, asio::bind_cancellation_slot(caller.signal.slot(), Next(*this))));
      if (caller.left % 2 == 0) caller.signal.emit(asio::cancellation_type::terminal);
    }
    void operator()(Result<std::int64_t> result) const {
      if (result) {
        ++answered;
      } else if (result.error().code() == Errc::cancelled) {
        ++cancelled;
      }
      if (--caller.left == 0) return caller.done.set_value();
      // Not inside the handler: the next emit may happen before it returns.
      asio::post(caller.strand, [next = *this] { next.start(); });
    }
  };
  for (std::size_t i = 0; i != threads; ++i) {
    callers.push_back(std::make_unique<Caller>(pool));
    asio::post(callers.back()->strand,
               [next = Next{async_, *callers.back(), answered, cancelled}] { next.start(); });
  }
  for (const auto& caller : callers) caller->done.get_future().wait();
  pool.join();
  EXPECT_EQ(answered + cancelled, threads * rounds);
  EXPECT_GE(answered, threads * rounds / 2);
}

}  // namespace
}  // namespace redstart::test
