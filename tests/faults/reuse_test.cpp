// SPDX-License-Identifier: Apache-2.0
// reuse_test.cpp: fault 116: a connection is reused once its session state has ended.
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <string>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using boost::asio::use_future;

class Fault116 : public RedisTest {
 protected:
  // Runs the body on 200 separate scoped handles, synchronous and asynchronous.
  template <class Sync, class Async>
  static void expect_reuse(Sync sync, Async async) {
    StartedManager redis(config_at(server()));
    for (int i = 0; i < 200; ++i) sync(redis->scoped_client("main"));
    for (int i = 0; i < 200; ++i) async(redis->scoped_async_client("main")(use_future).get());
    const PoolStats pool = redis->stats("main").pool;
    EXPECT_LE(pool.created, 4U);
    EXPECT_EQ(pool.closed_for(CloseReason::dirty), 0U);
  }
  template <class... Words>
  static Value run(const ScopedClient& session, const Words&... words) {
    return session.command<Value>(words...);
  }
  template <class... Words>
  static Value run(const AsyncScopedClient& session, const Words&... words) {
    return session.command<Value>(words...)(use_future).get();
  }
  template <class Body>
  static void expect_reuse(Body body) {
    expect_reuse([&](const ScopedClient& session) { body(session); },
                 [&](const AsyncScopedClient& session) { body(session); });
  }
  // A lasting change closes the connection of the handle that made it.
  template <class Body>
  static void expect_closed(Body body) {
    StartedManager redis(config_at(server()));
    body(redis->scoped_client("main"));
    EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.closed_for(CloseReason::dirty) == 1; }));
    body(redis->scoped_async_client("main")(use_future).get());
    EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.closed_for(CloseReason::dirty) == 2; }));
  }
};

TEST_F(Fault116, ReusesConnectionAfterTransaction) {
  expect_reuse([](const auto& session) {
    run(session, "MULTI");
    run(session, "INCR", "n");
    run(session, "EXEC");
  });
  EXPECT_EQ(raw().text({"GET", "n"}), "400") << "each transaction must run once";
}

TEST_F(Fault116, ReusesConnectionAfterAbortedOrDiscardedTransaction) {
  expect_reuse([](const auto& session) {
    run(session, "WATCH", "n");
    raw().text({"SET", "n", "1"});
    run(session, "MULTI");
    run(session, "INCR", "n");
    EXPECT_TRUE(run(session, "EXEC").is_null());
    run(session, "WATCH", "n");
    run(session, "multi");
    run(session, "discard");
  });
}

TEST_F(Fault116, ReusesConnectionAfterTransactionThatServerRefused) {
  expect_reuse([](const auto& session) {
    run(session, "MULTI");
    EXPECT_THROW(run(session, "INCR", "one", "another"), Error);
    EXPECT_THROW(run(session, "EXEC"), Error);
  });
}

TEST_F(Fault116, ReusesConnectionAfterUnwatch) {
  expect_reuse([](const auto& session) {
    run(session, "WATCH", "n");
    run(session, "UNWATCH");
  });
}

TEST_F(Fault116, ClosesConnectionInsideTransaction) {
  expect_closed([](const auto& session) { run(session, "MULTI"); });
}

TEST_F(Fault116, ClosesConnectionWhileKeysAreWatched) {
  expect_closed([](const auto& session) { run(session, "WATCH", "n"); });
}

TEST_F(Fault116, ClosesConnectionAfterAnotherChange) {
  expect_closed([](const auto& session) {
    run(session, "SELECT", "1");
    run(session, "MULTI");
    run(session, "EXEC");
  });
}

}  // namespace
}  // namespace redstart::test
