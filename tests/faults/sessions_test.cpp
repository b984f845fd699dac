// SPDX-License-Identifier: Apache-2.0
// sessions_test.cpp: faults 53-56, 122: lost sessions, transactions and blocking commands.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Popped = std::optional<std::pair<std::string, std::string>>;

TEST(Fault53, SlowSubscriberIsDisconnected) {
  GTEST_SKIP() << "this version has no subscriptions: SUBSCRIBE is refused on every handle; "
                  "resubscribing and the gap event come with subscriptions";
}

// A scoped handle, synchronous or asynchronous.
class Session {
 public:
  Session(RedisConnectionManager& redis, bool asynchronous) {
    if (asynchronous)
      async_ = redis.scoped_async_client("main")(use_future).get();
    else
      sync_.emplace(redis.scoped_client("main"));
  }

  template <class T, class... A>
  [[nodiscard]] Result<T> command(const A&... words) const {
    try {
      return async_ ? async_.command<T>(words...)(use_future).get() : sync_->command<T>(words...);
    } catch (const Error& error) {
      return error;
    }
  }
  template <class... A>
  [[nodiscard]] Error error_of(const A&... words) const {
    return test::error_of([&] {
      const auto result = command<Value>(words...);
      if (!result) throw result.error();
      return 0;
    });
  }
  [[nodiscard]] std::string id() const {
    return std::to_string(command<std::int64_t>("CLIENT", "ID").value());
  }

 private:
  std::optional<ScopedClient> sync_{};
  AsyncScopedClient async_{};
};

class Sessions : public RedisTest {
 protected:
  template <class Body>
  static void for_both(Body body) {
    for (const bool asynchronous : {false, true}) {
      SCOPED_TRACE(asynchronous ? "asynchronous" : "synchronous");
      raw().text({"FLUSHALL"});
      body(asynchronous);
    }
  }
  static void kill_client(const std::string& id) {
    EXPECT_EQ(raw().integer({"CLIENT", "KILL", "ID", id}), 1);
    // Wait until the end of the connection has arrived, here and at the client: the server closes before it
    // answers.
    ASSERT_TRUE(eventually([&] {
      for (const std::string& line : raw().client_list())
        if (line.starts_with("id=" + id + " ")) return false;
      return true;
    }));
  }
};
// Pops an element that exists already.
[[nodiscard]] Result<Popped> pop(RedisConnectionManager& redis, bool asynchronous) {
  if (asynchronous) return redis.async_client("main").results().blpop("queue", {0ms})(use_future).get();
  return redis.client("main").results().blpop("queue", {0ms});
}

class Fault122 : public Sessions {};

TEST_F(Fault122, SubscriptionsAndStreamsAreRefusedAtOnceOnEveryHandle) {
  const std::vector<std::vector<std::string>> commands{{"SUBSCRIBE", "ch"},
                                                       {"PSUBSCRIBE", "ch*"},
                                                       {"SSUBSCRIBE", "ch"},
                                                       {"UNSUBSCRIBE"},
                                                       {"MONITOR"},
                                                       {"CLIENT", "TRACKING", "ON"},
                                                       {"CLIENT", "CACHING", "YES"},
                                                       {"CLIENT", "REPLY", "OFF"},
                                                       {"client", "reply", "off"},
                                                       {"SYNC"},
                                                       {"PSYNC", "?", "-1"},
                                                       {"RESET"}};
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    const Session session(*redis, asynchronous);
    const std::string id = session.id();
    for (const std::vector<std::string>& words : commands) {
      SCOPED_TRACE(words.front());
      const std::vector<std::string> rest(words.begin() + 1, words.end());
      const Error error = session.error_of(words.front(), rest);
      EXPECT_EQ(error.code(), Errc::not_allowed) << error.what();
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_FALSE(error.info().advice.empty());
      EXPECT_EQ(error_of([&] { return redis->client("main").command<Value>(words.front(), rest); }).code(),
                Errc::not_allowed);
      EXPECT_EQ(error_of([&] {
                  return redis->async_client("main").command<Value>(words.front(), rest)(use_future).get();
                }).code(),
                Errc::not_allowed);
      EXPECT_EQ(error_of([&] {
                  auto pipe = redis->client("main").pipeline();
                  return pipe.command<Value>(words.front(), rest).index;
                }).code(),
                Errc::not_allowed);
      EXPECT_EQ(error_of([&] {
                  auto pipe = redis->async_client("main").pipeline();
                  return pipe.command<Value>(words.front(), rest).index;
                }).code(),
                Errc::not_allowed);
    }
    EXPECT_EQ(session.id(), id) << "the connection must stay open";
  });
}

class Fault54 : public Sessions {};
class Fault55 : public Sessions {};
class Fault56 : public Sessions {};

TEST_F(Fault54, TransactionFailsWhenWatchingConnectionIsLost) {
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    const Session session(*redis, asynchronous);
    ASSERT_TRUE(session.command<Value>("WATCH", "balance"));
    const std::size_t created = redis->stats("main").pool.created;
    kill_client(session.id());
    EXPECT_EQ(session.error_of("MULTI").code(), Errc::connection_lost);
    for (const char* const command : {"MULTI", "EXEC", "PING"}) {
      const Error error = session.error_of(command);
      EXPECT_EQ(error.code(), Errc::connection_lost) << command;
      EXPECT_EQ(error.effect(), Effect::not_sent) << command;
    }
    EXPECT_EQ(redis->stats("main").pool.created, created)
        << "WATCH must not be renewed on another connection";
  });
}

TEST_F(Fault54, LossBetweenMultiAndExecExecutesNothing) {
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    const Session session(*redis, asynchronous);
    const std::string id = session.id();
    ASSERT_TRUE(session.command<Value>("WATCH", "log"));
    ASSERT_TRUE(session.command<Value>("MULTI"));
    ASSERT_TRUE(session.command<Value>("RPUSH", "log", "entry"));
    kill_client(id);
    EXPECT_EQ(session.error_of("RPUSH", "log", "second").code(), Errc::connection_lost);
    EXPECT_EQ(session.error_of("EXEC").effect(), Effect::not_sent) << "the connection was lost before EXEC";
    EXPECT_EQ(raw().integer({"LLEN", "log"}), 0);
  });
}

TEST_F(Fault54, SentExecIsIndeterminateWhetherOrNotItRan) {
  for (const bool runs : {false, true}) {
    SCOPED_TRACE(runs ? "EXEC ran" : "EXEC did not reach the server");
    for_both([&](bool asynchronous) {
      FaultProxy proxy(server().port());
      StartedManager redis(config_at(proxy.port()));
      const Session session(*redis, asynchronous);
      ASSERT_TRUE(session.command<Value>("WATCH", "log"));
      ASSERT_TRUE(session.command<Value>("MULTI"));
      ASSERT_TRUE(session.command<Value>("RPUSH", "log", "entry"));
      auto cut = runs ? proxy.open_connections().on_reply_to("EXEC").reset()
                      : proxy.open_connections().on_command("EXEC").reset();
      const Error error = session.error_of("EXEC");
      cut.await_fired();
      EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
      EXPECT_EQ(error.effect(), Effect::indeterminate);
      EXPECT_EQ(raw().integer({"LLEN", "log"}), runs ? 1 : 0) << "must not run twice";
      EXPECT_EQ(redis->stats("main").operations.retries, 0U);
    });
  }
}

TEST_F(Fault55, TransactionAbortedByAnotherWriterIsAResult) {
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    {
      const Session session(*redis, asynchronous);
      ASSERT_TRUE(session.command<Value>("WATCH", "balance"));
      raw().text({"SET", "balance", "7"});
      ASSERT_TRUE(session.command<Value>("MULTI"));
      ASSERT_TRUE(session.command<Value>("SET", "balance", "1"));
      const auto replies = session.command<Value>("EXEC");
      ASSERT_TRUE(replies.has_value()) << replies.error().what();
      EXPECT_TRUE(replies->is_null());
      EXPECT_EQ(raw().text({"GET", "balance"}), "7");
      // The same handle can be used for another try.
      ASSERT_TRUE(session.command<Value>("WATCH", "balance"));
      ASSERT_TRUE(session.command<Value>("MULTI"));
      ASSERT_TRUE(session.command<Value>("INCR", "balance"));
      EXPECT_EQ(session.command<Value>("EXEC").value()[0].as_integer(), 8);
    }
    EXPECT_EQ(redis->stats("main").operations.server_errors, 0U);
    EXPECT_EQ(redis->stats("main").operations.failed, 0U);
  });
}

// A blocking command that waits in the server.
class Waiting {
 public:
  Waiting(RedisConnectionManager& redis, RawRedis& raw, bool asynchronous) : raw_(&raw) {
    if (asynchronous) {
      outcome_ = redis.async_client("main").results().blpop("queue", {0ms})(use_future);
    } else {
      outcome_ = std::async(std::launch::async, [client = redis.client("main")] {
        return client.results().blpop("queue", {0ms});
      });
    }
    EXPECT_TRUE(eventually([&] { return raw_->info("blocked_clients") == "1"; }));
    for (const std::string& line : raw_->client_list()) {
      if (line.find(" cmd=blpop ") != std::string::npos) id_ = line.substr(3, line.find(' ') - 3);
    }
  }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] Result<Popped> outcome() { return outcome_.get(); }

 private:
  RawRedis* raw_;
  std::string id_{};
  std::future<Result<Popped>> outcome_{};
};

TEST_F(Fault56, KilledBlockingCommandIsIndeterminateAndNotRetried) {
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    raw().text({"CONFIG", "RESETSTAT"});
    Waiting waiting(*redis, raw(), asynchronous);
    kill_client(waiting.id());
    const auto outcome = waiting.outcome();
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code(), Errc::connection_lost) << outcome.error().what();
    EXPECT_EQ(outcome.error().effect(), Effect::indeterminate);
    EXPECT_EQ(raw().integer({"RPUSH", "queue", "x"}), 1);
    EXPECT_EQ(raw().integer({"LLEN", "queue"}), 1) << "no client may wait for the element";
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
  });
}

// Each pushed element was popped, or may have been popped by a call with an indeterminate outcome.
TEST_F(Fault56, ElementTakenAsConnectionEndsIsAccountedFor) {
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    std::int64_t popped = 0;
    std::int64_t unknown = 0;
    constexpr std::int64_t rounds = 9;  // fewer failures than the breaker counts in twenty calls
    for (std::int64_t round = 0; round < rounds; ++round) {
      raw().text({"DEL", "queue"});
      // Connections that end without any answer look like a server that is shutting down.
      raw().integer({"RPUSH", "queue", "first"});
      ASSERT_TRUE(pop(*redis, asynchronous).has_value());
      Waiting waiting(*redis, raw(), asynchronous);
      // The server reads both commands at once: the element leaves the list, but its reply may not leave the
      // server.
      raw().send(resp_command({"RPUSH", "queue", "x"}) +
                 resp_command({"CLIENT", "KILL", "ID", waiting.id()}));
      EXPECT_EQ(raw().receive().integer(), 1);
      static_cast<void>(raw().receive());
      const auto outcome = waiting.outcome();
      if (outcome) {
        ASSERT_TRUE(outcome->has_value());
        ++popped;
      } else {
        ASSERT_EQ(outcome.error().effect(), Effect::indeterminate) << outcome.error().what();
        ++unknown;
      }
      EXPECT_EQ(raw().integer({"LLEN", "queue"}), 0);
    }
    EXPECT_EQ(popped + unknown, rounds);
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
  });
}

TEST_F(Fault56, UnblockedCommandEndsWithReplyOfServer) {
  for_both([&](bool asynchronous) {
    StartedManager redis(config_at(server()));
    {
      Waiting waiting(*redis, raw(), asynchronous);
      EXPECT_EQ(raw().integer({"CLIENT", "UNBLOCK", waiting.id()}), 1);
      EXPECT_EQ(waiting.outcome().value(), std::nullopt) << "must end as at its timeout";
    }
    Waiting waiting(*redis, raw(), asynchronous);
    EXPECT_EQ(raw().integer({"CLIENT", "UNBLOCK", waiting.id(), "ERROR"}), 1);
    const auto outcome = waiting.outcome();
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().server_code(), "UNBLOCKED");
    EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::lost), 0U);
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
  });
}

TEST_F(Fault56, DemotionEndsBlockingCommandsWithoutEffectAndNextCallSucceeds) {
  for_both([&](bool asynchronous) {
    RedisServer own;
    RawRedis admin(own.port());
    RedisConfig config = config_at(own);
    config.database("main").retry.mode = RetryMode::off;
    StartedManager redis(config);
    Waiting waiting(*redis, admin, asynchronous);
    const FreePort nowhere;
    admin.text({"REPLICAOF", "127.0.0.1", nowhere.text()});
    const auto outcome = waiting.outcome();  // -UNBLOCKED, then the connection is closed
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().server_code(), "UNBLOCKED") << outcome.error().what();
    EXPECT_EQ(outcome.error().effect(), Effect::not_sent);
    EXPECT_EQ(outcome.error().remedy(), Remedy::reconnect);
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
    admin.text({"REPLICAOF", "NO", "ONE"});
    admin.integer({"RPUSH", "queue", "x"});
    EXPECT_EQ(redis->client("main").blpop("queue", {0ms})->second, "x");
    EXPECT_EQ(redis->async_client("main").llen("queue")(use_future).get(), 0);
    EXPECT_EQ(redis->stats("main").operations.failed, 0U);
  });
}

TEST_F(Fault56, BlockingCommandsAreRetriedAfterDemotion) {
  for_both([&](bool asynchronous) {
    RedisServer own;
    RawRedis admin(own.port());
    RedisConfig config = config_at(own);
    config.database("main").retry.attempts = 50;
    StartedManager redis(config);
    Waiting waiting(*redis, admin, asynchronous);
    const FreePort nowhere;
    admin.text({"REPLICAOF", "127.0.0.1", nowhere.text()});
    EXPECT_TRUE(eventually([&] { return redis->stats("main").operations.retries != 0; }));
    admin.text({"REPLICAOF", "NO", "ONE"});
    admin.integer({"RPUSH", "queue", "x"});
    const auto outcome = waiting.outcome();
    ASSERT_TRUE(outcome.has_value()) << outcome.error().what();
    EXPECT_EQ(outcome.value()->second, "x");
  });
}

}  // namespace
}  // namespace redstart::test
