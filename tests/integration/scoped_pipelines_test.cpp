// SPDX-License-Identifier: Apache-2.0
// scoped_pipelines_test.cpp: pipelines of scoped handles, which may change their connection.
#include <boost/asio/use_future.hpp>

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using boost::asio::use_future;

class ScopedPipelines : public RedisTest {};

TEST_F(ScopedPipelines, WatchReadAndSelectInOneExchange) {
  StartedManager redis(config_at(server()));
  redis->client("main").set("stock", 5);
  const ScopedClient scoped = redis->scoped_client("main");
  auto pipe = scoped.pipeline();
  const auto watched = pipe.command<Ok>("WATCH", "stock");
  const auto stock = pipe.get<std::int64_t>("stock");
  const auto selected = pipe.select(3);
  const auto elsewhere = pipe.get("stock");
  const Replies replies = pipe.execute();
  EXPECT_TRUE(replies[watched]);
  EXPECT_EQ(replies[stock].value(), 5);
  EXPECT_TRUE(replies[selected]);
  EXPECT_EQ(replies[elsewhere].value(), std::nullopt);
}

TEST_F(ScopedPipelines, RunTransactionInOneExchange) {
  StartedManager redis(config_at(server()));
  {
    const ScopedClient scoped = redis->scoped_client("main");
    auto pipe = scoped.pipeline();
    const auto begun = pipe.command<Ok>("MULTI");
    const auto first = pipe.command<Queued>("INCR", "n");
    const auto second = pipe.command<Queued>("INCR", "n");
    const auto values = pipe.command<std::vector<std::int64_t>>("EXEC");
    const auto after = pipe.incr("n");
    const Replies replies = pipe.execute();
    EXPECT_TRUE(replies[begun]);
    EXPECT_TRUE(replies[first]);
    EXPECT_TRUE(replies[second]);
    EXPECT_EQ(replies[values].value(), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(replies[after].value(), 3);
  }
  const ScopedClient next = redis->scoped_client("main");
  EXPECT_EQ(next.incr("n"), 4);
  EXPECT_EQ(redis->stats("main").pool.created, 1U) << "a completed transaction leaves nothing behind";
}

TEST_F(ScopedPipelines, SendNothingIfTypedCommandFollowsMulti) {
  StartedManager redis(config_at(server()));
  const ScopedClient scoped = redis->scoped_client("main");
  auto pipe = scoped.pipeline();
  const auto counted = pipe.incr("n");
  static_cast<void>(pipe.command<Ok>("MULTI"));
  const auto typed = pipe.incr("n");
  const Replies replies = pipe.execute();
  for (const Error& error : {replies[counted].error(), replies[typed].error()}) {
    EXPECT_EQ(error.code(), Errc::not_allowed);
    EXPECT_EQ(error.effect(), Effect::not_sent);
  }
  EXPECT_EQ(scoped.incr("n"), 1) << "the connection is not in a transaction";
}

TEST_F(ScopedPipelines, EndTransactionBegunBefore) {
  StartedManager redis(config_at(server()));
  const ScopedClient scoped = redis->scoped_client("main");
  scoped.command<Ok>("MULTI");
  auto typed = scoped.pipeline();
  const auto refused = typed.incr("n");
  EXPECT_EQ(typed.execute()[refused].error().code(), Errc::not_allowed);
  auto pipe = scoped.pipeline();
  static_cast<void>(pipe.command<Queued>("INCR", "n"));
  const auto values = pipe.command<std::vector<std::int64_t>>("EXEC");
  EXPECT_EQ(pipe.execute()[values].value(), (std::vector<std::int64_t>{1}));
}

TEST_F(ScopedPipelines, OfAsyncHandleRunTransactionInOneExchange) {
  StartedManager redis(config_at(server()));
  {
    const AsyncScopedClient scoped = redis->scoped_async_client("main")(use_future).get();
    auto pipe = scoped.pipeline();
    const auto watched = pipe.command<Ok>("WATCH", "n");
    static_cast<void>(pipe.command<Ok>("MULTI"));
    const auto queued = pipe.command<Queued>("INCR", "n");
    const auto values = pipe.command<std::vector<std::int64_t>>("EXEC");
    const Replies replies = pipe.execute()(use_future).get();
    EXPECT_TRUE(replies[watched]);
    EXPECT_TRUE(replies[queued]);
    EXPECT_EQ(replies[values].value(), (std::vector<std::int64_t>{1}));

    auto typed = scoped.pipeline();
    static_cast<void>(typed.command<Ok>("MULTI"));
    const auto refused = typed.incr("n");
    EXPECT_EQ(typed.execute()(use_future).get()[refused].error().code(), Errc::not_allowed);
    EXPECT_EQ(scoped.incr("n")(use_future).get(), 2) << "nothing of the refused pipeline was sent";
  }
  const AsyncScopedClient next = redis->scoped_async_client("main")(use_future).get();
  EXPECT_EQ(next.incr("n")(use_future).get(), 3);
  EXPECT_EQ(redis->stats("main").pool.created, 1U) << "a completed transaction leaves nothing behind";
}

TEST_F(ScopedPipelines, OfAsyncHandleMayChangeConnection) {
  StartedManager redis(config_at(server()));
  redis->client("main").set("key", "here");
  const AsyncScopedClient scoped = redis->scoped_async_client("main")(use_future).get();
  auto pipe = scoped.pipeline();
  const auto before = pipe.get("key");
  const auto selected = pipe.select(3);
  const auto after = pipe.get("key");
  const Replies replies = pipe.execute()(use_future).get();
  EXPECT_EQ(replies[before].value(), "here");
  EXPECT_TRUE(replies[selected]);
  EXPECT_EQ(replies[after].value(), std::nullopt);
}

}  // namespace
}  // namespace redstart::test
