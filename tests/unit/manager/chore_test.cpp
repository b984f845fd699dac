// SPDX-License-Identifier: Apache-2.0
// chore_test.cpp: repetition, stopping and lifetime of a chore.
#include "manager/chore.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <optional>

namespace redstart::inline v0::manager {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

net::Loop loop_on(asio::io_context& context) { return {context.get_executor(), context.get_executor(), 0}; }

TEST(Chore, RepeatsUntilWorkReturnsStop) {
  asio::io_context context;
  int turns = 0;
  const auto chore = Chore::start(loop_on(context), 1ms, [&] { return ++turns != 3; });
  context.run();
  EXPECT_EQ(turns, 3);
}

TEST(Chore, ReleasesContextWhenStopped) {
  asio::io_context context;
  int turns = 0;
  const auto held = std::make_shared<int>();
  const auto chore = Chore::start(loop_on(context), 24h, [&turns, held] { return ++turns != 0; });
  chore->stop();
  EXPECT_EQ(held.use_count(), 1) << "the work is released at once";
  context.run();
  EXPECT_EQ(turns, 0);
}

TEST(Chore, IsNeverDueWithLongestInterval) {
  asio::io_context context;
  int turns = 0;
  const auto chore = Chore::start(loop_on(context), std::chrono::milliseconds::max(), [&] {
    ++turns;
    return false;
  });
  context.poll();
  EXPECT_EQ(turns, 0);
  chore->stop();
  context.run();
}

TEST(Chore, CanStopItself) {
  asio::io_context context;
  int turns = 0;
  std::shared_ptr<Chore> chore;
  chore = Chore::start(loop_on(context), 1ms, [&] {
    ++turns;
    chore->stop();
    return true;
  });
  context.run();
  EXPECT_EQ(turns, 1);
}

TEST(Chore, ContinuesAfterException) {
  asio::io_context context;
  int turns = 0;
  const auto chore = Chore::start(loop_on(context), 1ms, [&] {
    if (++turns == 1) throw std::bad_alloc();
    return turns != 2;
  });
  context.run();
  EXPECT_EQ(turns, 2);
}

TEST(Chore, OutlivesContextWhenAbandoned) {
  std::optional<asio::io_context> context(std::in_place);
  const auto chore = Chore::start(loop_on(*context), 1ms, [] { return true; });
  chore->abandon();
  context.reset();
  chore->stop();
}

TEST(Chore, KeepsItselfAliveWhileRunning) {
  asio::io_context context;
  int turns = 0;
  std::weak_ptr<Chore> chore = Chore::start(loop_on(context), 1ms, [&] { return ++turns != 2; });
  EXPECT_FALSE(chore.expired());
  context.run();
  EXPECT_EQ(turns, 2);
  EXPECT_TRUE(chore.expired());
}

}  // namespace
}  // namespace redstart::inline v0::manager
