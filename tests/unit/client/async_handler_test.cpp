// SPDX-License-Identifier: Apache-2.0
// async_handler_test.cpp: executors, allocators and exceptions of handlers.
#include "support/async_script_test.hpp"
#include "support/heap_watch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::test {
namespace {

using Text = std::optional<std::string>;

class AsyncHandlers : public AsyncScript {
 protected:
  AsyncHandlers() { channel_->frames.assign(8, "$1\r\nx\r\n"); }

  /// Answers in a turn of the loop. Returns whether the handler ran within that turn.
  bool answered_in_the_turn() {
    bool done = false;
    asio::post(loop_, [&] {
      channel_->answer();
      done = ran_;
    });
    loop_.restart();
    loop_.poll();
    return done;
  }
  /// A handler that records that it ran.
  auto note() {
    return [this](std::exception_ptr error, const Text& value) {
      EXPECT_FALSE(error);
      EXPECT_EQ(value, "x");
      ran_ = true;
    };
  }

  bool ran_ = false;
};

TEST_F(AsyncHandlers, RunInTurnOfReplyWithoutExecutor) {
  async_.get("key")(note());
  EXPECT_TRUE(answered_in_the_turn());
}

TEST_F(AsyncHandlers, RunInTurnOfReplyOnLoopExecutor) {
  async_.get("key")(asio::bind_executor(loop_, note()));
  EXPECT_TRUE(answered_in_the_turn());
  ran_ = false;
  async_.get("key")(asio::bind_executor(asio::any_io_executor(loop_.get_executor()), note()));
  EXPECT_TRUE(answered_in_the_turn());
}

TEST_F(AsyncHandlers, RunOnTheirExecutor) {
  asio::io_context other;
  async_.get("key")(asio::bind_executor(other, note()));
  EXPECT_FALSE(answered_in_the_turn());
  other.run();
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, RunInTurnOfTheirOwnLoop) {
  asio::io_context other;
  const asio::any_io_executor home = other.get_executor();
  async_.get("key")(asio::bind_executor(home, note()));
  bool in_the_turn = false;
  asio::post(other, [&] {
    channel_->answer(home);
    in_the_turn = ran_;
  });
  other.run();
  EXPECT_TRUE(in_the_turn);
}

TEST_F(AsyncHandlers, MoveToChannelExecutorFromOtherLoops) {
  asio::io_context other;
  async_.get("key")(asio::bind_executor(loop_, note()));
  channel_->answer(other.get_executor());
  EXPECT_FALSE(ran_);
  run();
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, RunOnTheirStrand) {
  auto strand = asio::make_strand(loop_);
  bool on_strand = false;
  async_.get("key")(asio::bind_executor(
      strand, [&](std::exception_ptr, Text) { on_strand = strand.running_in_this_thread(); }));
  answer();
  EXPECT_TRUE(on_strand);
}

TEST_F(AsyncHandlers, RunOnStrandOfAnyExecutor) {
  auto strand = asio::make_strand(asio::any_io_executor(loop_.get_executor()));
  bool on_strand = false;
  async_.get("key")(asio::bind_executor(
      strand, [&](std::exception_ptr, Text) { on_strand = strand.running_in_this_thread(); }));
  answer();
  EXPECT_TRUE(on_strand);
}

TEST_F(AsyncHandlers, KeepContextOfStrandRunning) {
  asio::io_context other;
  const auto strand = asio::make_strand(asio::any_io_executor(other.get_executor()));
  async_.get("key")(asio::bind_executor(strand, note()));
  other.poll();
  EXPECT_FALSE(other.stopped()) << "its work has ended before the handler ran";
  channel_->answer();
  other.run();
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, RunOnThreadsOfPool) {
  asio::thread_pool pool(1);
  std::promise<std::thread::id> where;
  async_.get("key")(asio::bind_executor(
      pool, [&](std::exception_ptr, Text) { where.set_value(std::this_thread::get_id()); }));
  answer();
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
  pool.join();
}

TEST_F(AsyncHandlers, ArePostedWhenCompletedOutsideTurn) {
  async_.get("key")(note());
  async_.get("key")(asio::bind_executor(loop_, note()));
  channel_->answer_from_outside();
  EXPECT_FALSE(ran_);
  run();
  EXPECT_TRUE(ran_);
  ran_ = false;
  asio::post(loop_, [&] {
    channel_->answer_from_outside();
    EXPECT_FALSE(ran_) << "ran inside of a call that is no turn";
  });
  run();
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, KeepExecutorWorkUntilTheyHaveRun) {
  asio::io_context other;
  async_.get("key")(asio::bind_executor(other, note()));
  other.poll();
  EXPECT_FALSE(other.stopped()) << "run() would have returned";
  answer();
  other.run();
  EXPECT_TRUE(other.stopped());
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, HoldNoWorkOnLoopExecutor) {
  async_.get("key")(asio::bind_executor(loop_, note()));
  loop_.poll();
  EXPECT_TRUE(loop_.stopped());
  answer();
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, ReleaseExecutorWhenDropped) {
  asio::io_context other;
  async_.get("key")(asio::bind_executor(other, note()));
  channel_->destroy_all();
  other.poll();
  EXPECT_TRUE(other.stopped());
  EXPECT_FALSE(ran_);
}

TEST_F(AsyncHandlers, ThrowThroughLoopAndLeaveNothingBehind) {
  auto held = std::make_shared<int>(0);
  async_.get("key")([held](std::exception_ptr, Text) { throw std::runtime_error("handler"); });
  asio::post(loop_, [&] { channel_->answer(); });
  EXPECT_THROW(loop_.run(), std::runtime_error);
  EXPECT_EQ(held.use_count(), 1);
  async_.get("key")(note());
  answer();
  EXPECT_TRUE(ran_);
}

TEST_F(AsyncHandlers, MayStartOperationsAndDestroyClient) {
  auto client = std::make_unique<AsyncClient>(channel_);
  client->get("key")([&](std::exception_ptr, Text) {
    client->get("again")(note());
    client.reset();
  });
  answer();
  EXPECT_FALSE(ran_);
  answer();
  EXPECT_TRUE(ran_);
}

/// Counts calls of an allocator.
struct Memory {
  std::size_t allocations = 0;
  std::size_t held = 0;
};
template <class T>
struct CountingAllocator {
  using value_type = T;

  explicit CountingAllocator(Memory& used) noexcept : memory(&used) {}
  template <class U>
  CountingAllocator(const CountingAllocator<U>& other) noexcept : memory(other.memory) {}
  T* allocate(std::size_t n) {
    ++memory->allocations;
    memory->held += n * sizeof(T);
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* at, std::size_t n) noexcept {
    memory->held -= n * sizeof(T);
    std::allocator<T>().deallocate(at, n);
  }
  template <class U>
  bool operator==(const CountingAllocator<U>& other) const noexcept {
    return memory == other.memory;
  }

  Memory* memory;
};

TEST_F(AsyncHandlers, GetAllocatedMemoryBackBeforeTheyRun) {
  Memory memory;
  std::optional<std::size_t> held;
  async_.get("key")(asio::bind_allocator(CountingAllocator<char>(memory),
                                         [&](std::exception_ptr, Text) { held = memory.held; }));
  EXPECT_EQ(memory.allocations, 1U);
  EXPECT_GT(memory.held, 0U);
  answer();
  EXPECT_EQ(memory.allocations, 1U);
  EXPECT_EQ(held, 0U);
}

TEST_F(AsyncHandlers, GetAllocatedMemoryBackWhenDropped) {
  Memory memory;
  async_.get("key")(asio::bind_allocator(CountingAllocator<char>(memory), note()));
  channel_->destroy_all();
  EXPECT_EQ(memory.held, 0U);
}

TEST_F(AsyncHandlers, AllocateOnlyResultWhenAwaited) {
  constexpr std::size_t coroutines = 64, rounds = 20;
  const std::string value(32, 'v');
  const std::string frame = "$32\r\n" + value + "\r\n";
  std::size_t replies = 0;
  for (std::size_t i = 0; i != coroutines; ++i) {
    asio::co_spawn(
        loop_,
        [&]() -> asio::awaitable<void> {
          for (std::size_t n = 0; n != 2 * rounds; ++n) {
            replies += (co_await async_.get("key")) == value ? 1U : 0U;
          }
        },
        asio::detached);
  }
  loop_.poll();
  const auto turn = [&] {
    for (std::size_t i = 0; i != coroutines; ++i) channel_->answer_with(frame);
  };
  asio::post(loop_, [&] {
    channel_->sent.reserve(coroutines * (2 * rounds + 1));
    channel_->forget = true;
    for (std::size_t n = 0; n != rounds; ++n) turn();
    const std::size_t before = replies;
    const HeapWatch heap;
    for (std::size_t n = 0; n != rounds - 1; ++n) turn();
    EXPECT_EQ(replies - before, coroutines * (rounds - 1));
    EXPECT_LE(heap.allocations(), coroutines * (rounds - 1));
    EXPECT_LE(heap.largest(), 64U);
  });
  loop_.restart();
  loop_.poll();
  for (std::size_t i = 0; i != coroutines; ++i) channel_->answer_with(frame);
  run();
  EXPECT_EQ(replies, coroutines * 2 * rounds);
}

}  // namespace
}  // namespace redstart::test
