// SPDX-License-Identifier: Apache-2.0
// expiring_credentials_test.cpp: connections authenticate again before their credentials expire.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;
using Ints = std::vector<std::int64_t>;

// Issues tokens as users of their own. When a token has expired its user is deleted, so the server closes the
// connections that have not authenticated with a newer one.
class TokenService final : public CredentialsProvider {
 public:
  struct Times {
    std::chrono::milliseconds refresh;  // as the library learns
    std::chrono::milliseconds expiry;   // later, so that a machine that stalls fails no test
  };
  TokenService(const RedisServer& server, Times times)
      : times_(times), admin_(server.socket_path()), reaper_([this] { reap(); }) {}
  TokenService(const TokenService&) = delete;
  TokenService& operator=(const TokenService&) = delete;
  ~TokenService() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    stopped_.notify_all();
    reaper_.join();
  }

  [[nodiscard]] Credentials credentials() override {
    const std::scoped_lock lock(mutex_);
    const std::size_t number = ++asked_;
    if (faults_ && faults_(number) == Fault::throws) throw std::runtime_error("vault is sealed");
    const std::string user = "app-" + std::to_string(number);
    const std::string token = "hidden-" + std::to_string(number);
    issued_.push_back({user, Clock::now() + times_.expiry});
    if (admin_.command({"ACL", "SETUSER", user, "on", ">" + token, "~*", "&*", "+@all"}).is_error())
      throw std::runtime_error("no user");
    const bool wrong = faults_ && faults_(number) == Fault::wrong;
    return {user, Secret(wrong ? "hidden-wrong" : token), times_.refresh};
  }
  [[nodiscard]] std::size_t asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  [[nodiscard]] std::size_t expired() const {
    const std::scoped_lock lock(mutex_);
    return expired_;
  }

  enum class Fault : std::uint8_t { none, throws, wrong };
  // Call it before the first use.
  void fails(std::function<Fault(std::size_t)> faults) { faults_ = std::move(faults); }

 private:
  struct Issued {
    std::string user;
    Clock::time_point end;
  };
  void reap() {
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, 5ms, [this] { return stopping_; })) {
      while (!issued_.empty() && issued_.front().end <= Clock::now()) {
        admin_.command({"ACL", "DELUSER", issued_.front().user});
        issued_.erase(issued_.begin());
        ++expired_;
      }
    }
  }

  const Times times_;
  mutable std::mutex mutex_{};
  std::condition_variable stopped_{};
  RawRedis admin_;
  std::function<Fault(std::size_t)> faults_{};
  std::vector<Issued> issued_{};
  std::size_t asked_ = 0;
  std::size_t expired_ = 0;
  bool stopping_ = false;
  std::thread reaper_;
};

// Repeats `work` on a thread of its own until it is destroyed. Counts errors.
class Repeated {
 public:
  Repeated(std::string name, std::function<void()> work)
      : name_(std::move(name)), thread_([this, work = std::move(work)] {
          while (!stop_) {
            try {
              work();
              ++done_;
            } catch (const std::exception& error) {
              ++failed_;
              const std::scoped_lock lock(mutex_);
              first_ = first_.empty() ? error.what() : first_;
            }
          }
        }) {}
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;
  ~Repeated() {
    stop_ = true;
    thread_.join();
    EXPECT_EQ(failed_, 0U) << name_ << ": " << first_;
    EXPECT_GT(done_, 20U) << name_;
  }

 private:
  std::string name_;
  std::mutex mutex_{};
  std::string first_{};
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> done_{0};
  std::atomic<std::size_t> failed_{0};
  std::thread thread_;
};

class ExpiringCredentials : public ::testing::Test {
 protected:
  void SetUp() override {
    REDSTART_NEEDS_SINCE(6, 0);
    server_ = std::make_unique<RedisServer>();
  }
  TokenService& issue(TokenService::Times times) {
    service_ = std::make_shared<TokenService>(*server_, times);
    return *service_;
  }
  [[nodiscard]] RedisConfig config() const {
    RedisConfig config = config_at(*server_);
    config.defaults.credentials = service_;
    config.defaults.timeouts.command = 30s;
    config.database("main").required = false;
    config.listener = log_;
    return config;
  }
  // Other failures of a renewal may occur on a machine that stalls.
  [[nodiscard]] std::size_t refusals() const {
    return log_->count("redis.credentials.refresh_failed the server refused");
  }
  void expect_no_secret() const {
    for (const std::string& line : log_->lines())
      EXPECT_THAT(line, ::testing::Not(::testing::HasSubstr("hidden")));
  }

  std::unique_ptr<RedisServer> server_{};
  std::shared_ptr<TokenService> service_{};
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>();
};

class ExpiringCredentialsOfProtocol : public ExpiringCredentials,
                                      public ::testing::WithParamInterface<Protocol> {};

TEST_P(ExpiringCredentialsOfProtocol, AreRenewedOnConnectionsOfAllKinds) {
  TokenService& tokens = issue({400ms, 2500ms});
  RedisConfig all_kinds = config();
  all_kinds.defaults.protocol = GetParam();
  all_kinds.defaults.direct_limit = 4;
  StartedManager redis(std::move(all_kinds));
  const auto began = Clock::now();
  {
    const ScopedClient scoped = redis->scoped_client("main");
    const ScopedClient transactions = redis->scoped_client("main");
    const auto async = redis->scoped_async_client("main")(use_future).get();
    const auto async_transactions = redis->scoped_async_client("main")(use_future).get();
    std::vector<std::unique_ptr<Repeated>> callers;
    const auto repeat = [&](std::string name, std::function<void()> work) {
      callers.push_back(std::make_unique<Repeated>(std::move(name), std::move(work)));
    };
    const auto pause = [] { std::this_thread::sleep_for(2ms); };
    repeat("sync", [client = redis->client("main")] { client.incr("sync"); });
    repeat("pipeline", [client = redis->client("main"), pause] {
      auto pipe = client.pipeline();
      const auto n = pipe.incr("pipeline");
      const auto text = pipe.get("pipeline");
      const Replies replies = pipe.execute();
      EXPECT_EQ(std::to_string(replies[n].value()), replies[text].value().value());
      pause();
    });
    repeat("async", [client = redis->async_client("main")] { client.incr("async")(use_future).get(); });
    repeat("alone", [client = redis->async_client("main").with_timeout(25s)] {
      client.command<std::int64_t>("INCR", "alone")(use_future).get();
    });
    repeat("blocking", [client = redis->async_client("main")] {
      client.command<Value>("BLPOP", "nothing", "0.05")(use_future).get();
    });
    repeat("scoped", [&scoped, pause, n = std::int64_t{0}]() mutable {
      EXPECT_EQ(scoped.incr("scoped"), ++n);
      pause();
    });
    repeat("scoped transaction", [&transactions, pause, n = std::int64_t{0}]() mutable {
      transactions.command<Ok>("MULTI");
      pause();
      transactions.command<Queued>("INCR", "transaction");
      pause();
      EXPECT_EQ(transactions.command<Ints>("EXEC"), Ints{++n});
    });
    repeat("async scoped", [&async, n = std::int64_t{0}]() mutable {
      EXPECT_EQ(async.incr("async scoped")(use_future).get(), ++n);
    });
    repeat("async scoped transaction", [&async_transactions, pause, n = std::int64_t{0}]() mutable {
      async_transactions.command<Ok>("MULTI")(use_future).get();
      pause();
      async_transactions.command<Queued>("INCR", "async transaction")(use_future).get();
      EXPECT_EQ(async_transactions.command<Ints>("EXEC")(use_future).get(), Ints{++n});
    });
    EXPECT_TRUE(eventually([&] { return tokens.expired() >= 6; }));
  }
  const auto lasted = Clock::now() - began;
  EXPECT_EQ(log_->count("redis.connection.closed lost"), 0U);
  EXPECT_EQ(refusals(), 0U);
  const std::size_t again = log_->count("redis.credentials.refresh_failed");
  EXPECT_LE(tokens.asked(), static_cast<std::size_t>(lasted / 240ms) + 2 + again) << "once for each period";
  EXPECT_GE(log_->count("redis.credentials.refreshed valid for 400 ms"), 5U);
  expect_no_secret();
}

INSTANTIATE_TEST_SUITE_P(Protocols, ExpiringCredentialsOfProtocol,
                         ::testing::Values(Protocol::resp2, Protocol::resp3), [](const auto& protocol) {
                           return protocol.param == Protocol::resp2 ? "Resp2" : "Resp3";
                         });

TEST_F(ExpiringCredentials, AreSharedByConnectionsThatAreOpenedLater) {
  TokenService& tokens = issue({1h, 1h});
  StartedManager redis(config());
  std::vector<ScopedClient> handles;
  for (int i = 0; i < 5; ++i) handles.push_back(redis->scoped_client("main"));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(tokens.asked(), 1U);
}

TEST_F(ExpiringCredentials, AreRenewedWithoutCalls) {
  TokenService& tokens = issue({500ms, 5s});
  StartedManager redis(config());
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_TRUE(eventually([&] { return tokens.asked() >= 4; })) << "in the background";
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(refusals(), 0U);
}

TEST_F(ExpiringCredentials, CloseConnectionAfterItsWorkIfServerRefusesNewerOnes) {
  for_all_sides([&](Side side) {
    TokenService& tokens = issue({1s, 30s});
    tokens.fails([](std::size_t number) {
      return number == 2 ? TokenService::Fault::wrong : TokenService::Fault::none;
    });
    log_ = std::make_shared<EventLog>();
    StartedManager redis(on_side(side, config()));
    const Caller caller(*redis, side);
    EXPECT_TRUE(eventually([&] {
      EXPECT_TRUE(caller.command<std::int64_t>("INCR", "n"));
      return log_->count("redis.connection.closed credentials") >= 1;
    }));
    EXPECT_TRUE(caller.command<std::int64_t>("INCR", "n")) << "over a new connection";
    EXPECT_GE(tokens.asked(), 3U) << "which asks the provider";
    EXPECT_EQ(
        log_->count("redis.credentials.refresh_failed the server refused AUTH with newer credentials on an "
                    "open connection: \"WRONGPASS"),
        1U);
    EXPECT_GE(redis->stats("main").pool.closed_for(CloseReason::credentials), 1U);
    expect_no_secret();
  });
}

TEST_F(ExpiringCredentials, KeepScopedHandleUntilItsEndIfServerRefusesNewerOnes) {
  for (const bool async : {false, true}) {
    SCOPED_TRACE(async);
    TokenService& tokens = issue({1s, 30s});
    tokens.fails([](std::size_t number) {
      return number == 2 ? TokenService::Fault::wrong : TokenService::Fault::none;
    });
    log_ = std::make_shared<EventLog>();
    StartedManager redis(config());
    const auto hold = [&](const auto& incr) {
      EXPECT_TRUE(eventually([&] {
        incr();
        return refusals() == 1;
      }));
      for (int i = 0; i < 10; ++i) incr();
    };
    if (async) {
      const auto scoped = redis->scoped_async_client("main")(use_future).get();
      hold([&] { scoped.incr("n")(use_future).get(); });
    } else {
      const ScopedClient scoped = redis->scoped_client("main");
      hold([&] { scoped.incr("n"); });
    }
    EXPECT_TRUE(eventually([&] { return log_->count("redis.connection.closed") == 1; }));
    EXPECT_EQ(log_->count("redis.connection.closed dirty"), 1U) << "no other caller gets the connection";
  }
}

TEST_F(ExpiringCredentials, SurviveProviderThatFailsForAWhile) {
  TokenService& tokens = issue({2s, 30s});
  tokens.fails([](std::size_t number) {
    return number == 2 || number == 3 ? TokenService::Fault::throws : TokenService::Fault::none;
  });
  StartedManager redis(config());
  const auto client = redis->async_client("main");
  EXPECT_TRUE(eventually([&] {
    client.incr("n")(use_future).get();
    return tokens.asked() >= 5;
  }));
  EXPECT_GE(log_->count("redis.credentials.refresh_failed the credentials provider threw std::runtime_error"),
            2U);
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST_F(ExpiringCredentials, CloseConnectionWhenTheyHaveExpired) {
  TokenService& tokens = issue({300ms, 30s});
  std::atomic<bool> sealed{true};
  tokens.fails([&](std::size_t number) {
    return number > 1 && sealed ? TokenService::Fault::throws : TokenService::Fault::none;
  });
  StartedManager redis(config());
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_TRUE(eventually([&] { return log_->count("redis.connection.closed credentials") == 1; }));
  EXPECT_GE(
      log_->count("redis.credentials.refresh_failed the credentials of an open connection have expired"), 1U);
  sealed = false;
  EXPECT_TRUE(
      eventually([&] { return Caller(*redis, Side::futures).command<std::string>("PING").has_value(); }));
  expect_no_secret();
}

}  // namespace
}  // namespace redstart::test
