// SPDX-License-Identifier: Apache-2.0
// service_loops_test.cpp: strands on a service executor, and order of destruction.
#include "net/service_loops.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <future>
#include <memory>
#include <optional>

#include "net/io_threads.hpp"
#include "support/heap_watch.hpp"

namespace redstart::inline v0::net {
namespace {

namespace asio = boost::asio;

TEST(ServiceLoops, CreateStrandPerLoopOnServiceExecutor) {
  asio::io_context context;
  ServiceLoops loops(context.get_executor(), nullptr);
  const Loop first = loops.next();
  const Loop second = loops.next();
  EXPECT_NE(first.executor, second.executor);
  EXPECT_EQ(first.handler_executor, asio::any_io_executor(context.get_executor()));
  EXPECT_EQ(loops.default_executor(), first.handler_executor);
  EXPECT_NE(first.shard, second.shard);
}

// Checks that loops on `executor` recognise its threads, and not this one.
void knows_its_threads(const asio::any_io_executor& executor, asio::io_context* to_run = nullptr) {
  ServiceLoops loops(executor, nullptr);
  EXPECT_FALSE(loops.on_this_thread());
  std::promise<bool> there;
  asio::post(executor, [&] { there.set_value(loops.on_this_thread()); });
  if (to_run != nullptr) to_run->run_one();
  EXPECT_TRUE(there.get_future().get());
}

TEST(ServiceLoops, RecognizeThreadsOfCommonExecutors) {
  asio::io_context context;
  knows_its_threads(context.get_executor(), &context);
  context.restart();
  knows_its_threads(asio::make_strand(context), &context);
  context.restart();
  knows_its_threads(asio::require(context.get_executor(), asio::execution::outstanding_work.tracked),
                    &context);
  context.restart();
  knows_its_threads(asio::make_strand(asio::any_io_executor(context.get_executor())), &context);
  context.restart();
  knows_its_threads(asio::make_strand(asio::make_strand(context)), &context);
  asio::thread_pool pool(1);
  knows_its_threads(pool.get_executor());
  knows_its_threads(asio::make_strand(pool));
  knows_its_threads(asio::make_strand(asio::any_io_executor(pool.get_executor())));
}

// Asio does this for each read of a connection.
std::size_t allocations_of_tracked_work(const asio::any_io_executor& service) {
  ServiceLoops loops(service, nullptr);
  const Loop loop = loops.next();
  const test::HeapWatch watch;
  static_cast<void>(asio::prefer(loop.executor, asio::execution::outstanding_work.tracked));
  return watch.allocations();
}

TEST(ServiceLoops, MakeStrandsThatCostOneAllocationPerEvent) {
  asio::io_context context;
  EXPECT_LE(allocations_of_tracked_work(context.get_executor()), 1U);
  asio::thread_pool pool(1);
  EXPECT_LE(allocations_of_tracked_work(pool.get_executor()), 1U);
}

TEST(ServiceLoops, NotifyWhenContextIsDestroyedFirst) {
  std::optional<asio::io_context> context(std::in_place);
  int notified = 0;
  ServiceLoops loops(asio::make_strand(*context), [&] { ++notified; });
  const asio::any_io_executor before = loops.default_executor();
  EXPECT_EQ(notified, 0);
  // A strand must not outlive its context.
  const_cast<asio::any_io_executor&>(before) = {};
  context.reset();
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(loops.default_executor(), late_loop().default_executor());
  EXPECT_FALSE(loops.on_this_thread());
  loops.flush();
}

TEST(ServiceLoops, DoNotNotifyWhenDestroyedFirst) {
  std::optional<asio::io_context> context(std::in_place);
  int notified = 0;
  std::optional<ServiceLoops> first(std::in_place, context->get_executor(), [&] { notified += 1; });
  const ServiceLoops second(context->get_executor(), [&] { notified += 10; });
  first.reset();
  context.reset();
  EXPECT_EQ(notified, 10);
}

TEST(ServiceLoops, AllowReleaseWhileContextIsDestroyed) {
  std::optional<asio::io_context> context(std::in_place);
  std::optional<Loop> loop;
  std::optional<ServiceLoops> loops(std::in_place, context->get_executor(), [&] { loop.reset(); });
  loop = loops->next();
  asio::post(loop->executor, [] {});
  context.reset();
  EXPECT_FALSE(loop.has_value());
  loops.reset();
}

}  // namespace
}  // namespace redstart::inline v0::net
