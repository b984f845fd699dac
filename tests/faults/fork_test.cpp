// SPDX-License-Identifier: Apache-2.0
// fork_test.cpp: fault 78: parent and child continue independently after a fork under load.
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <redstart/redstart.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/forked_child.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sanitizers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

// Callers that keep everything busy and compare each reply with the request.
class Traffic {
 public:
  explicit Traffic(RedisConnectionManager& manager) {
    for (int t = 0; t < 3; ++t) {
      threads_.emplace_back([this, client = manager.client("main"), t] {
        for (int i = 0; !stop_; ++i) check(client.echo(text(t, i)), text(t, i));
      });
      threads_.emplace_back([this, client = manager.async_client("main"), t] {
        for (int i = 0; !stop_; ++i) check(value_of(client.echo(text(t, i))), text(t, i));
      });
    }
  }
  ~Traffic() { join(); }
  // Stops the callers and returns the number of wrong replies.
  int join() {
    stop_ = true;
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
    return wrong_;
  }
  [[nodiscard]] int right() const { return right_; }

 private:
  static std::string text(int t, int i) { return std::to_string(t) + "|" + std::to_string(i); }
  void check(const std::string& got, const std::string& wanted) { ++(got == wanted ? right_ : wrong_); }

  std::atomic<bool> stop_{false};
  std::atomic<int> right_{0};
  std::atomic<int> wrong_{0};
  std::vector<std::thread> threads_;
};

class Fault78 : public RedisTest {
 protected:
  void SetUp() override {
    if (with_thread_sanitizer)
      GTEST_SKIP() << "ThreadSanitizer terminates a forked child that starts threads";
    RedisTest::SetUp();
  }
  static RedisConfig config() {
    RedisConfig config = config_at(server());
    config.defaults.direct_limit = 1;
    config.defaults.timeouts = {20s, 20s, 20s};
    return config;
  }
};

TEST_F(Fault78, HandlesOfParentFailWithForkedInChild) {
  StartedManager redis(config());
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  const ScopedClient scoped = redis->scoped_client("main");
  auto async_scoped = value_of(redis->scoped_async_client("main"));
  EXPECT_EQ(client.ping(), "PONG");
  EXPECT_EQ(value_of(async.ping()), "PONG");
  const std::string complaints = complaints_of_child([&] {
    std::string all;
    all += unless_forked("client", [&] { return client.ping(); });
    all += unless_forked("pipeline", [&] { return client.pipeline([](auto& pipe) { return pipe.ping(); }); });
    all += unless_forked("scoped", [&] { return scoped.ping(); });
    all += unless_forked("async", [&] { return value_of(async.ping()); });
    all += unless_forked("async scoped", [&] { return value_of(async_scoped.ping()); });
    all += unless_forked("manager", [&] { return redis->client("main"); });
    all += unless_forked("async manager", [&] { return redis->async_client("main"); });
    all += unless_forked("optional", [&] { return redis->optional_client("main"); });
    if (redis->started()) all += "started; ";
    return all;
  });
  EXPECT_EQ(complaints, "");
  EXPECT_EQ(client.ping(), "PONG") << "the parent must not be affected";
  EXPECT_EQ(value_of(async.ping()), "PONG");
  EXPECT_EQ(value_of(async_scoped.ping()), "PONG");
  EXPECT_EQ(redis->stats("main").pool.created, 4U);
}

TEST_F(Fault78, ChildMayDestroyInheritedObjectsAndStartAnew) {
  auto manager = std::make_unique<RedisConnectionManager>();
  manager->start(config());
  std::optional<AsyncClient> kept = manager->async_client("main");
  EXPECT_EQ(value_of(kept->incr("n")), 1);
  std::optional<ScopedClient> scoped = manager->scoped_client("main");
  const std::string complaints = complaints_of_child([&] {
    std::string all;
    const auto began = std::chrono::steady_clock::now();
    manager->shutdown(10s);
    if (std::chrono::steady_clock::now() - began > 5s) all += "shutdown waited; ";
    manager->start(config());
    const AsyncClient fresh = manager->async_client("main");
    if (value_of(fresh.incr("n")) != 2) all += "not the second; ";
    if (manager->client("main").incr("n") != 3) all += "not the third; ";
    all += unless_forked("old handle", [&] { return value_of(kept->ping()); });
    kept.reset();
    scoped.reset();
    manager.reset();
    if (!eventually([] { return running_threads() == 1; }))
      all += std::to_string(running_threads()) + " threads; ";
    return all;
  });
  EXPECT_EQ(complaints, "");
  EXPECT_EQ(value_of(kept->incr("n")), 4);
  EXPECT_EQ(scoped->ping(), "PONG");
}

TEST_F(Fault78, ChildDestroysInheritedManagerAtOnce) {
  auto manager = std::make_unique<RedisConnectionManager>();
  manager->start(config());
  const AsyncClient client = manager->async_client("main");
  EXPECT_EQ(value_of(client.ping()), "PONG");
  EXPECT_EQ(complaints_of_child([&] {
              manager.reset();
              return std::string();
            }),
            "");
  EXPECT_EQ(value_of(client.ping()), "PONG");
}

TEST_F(Fault78, ManyChildrenUnderLoadDisturbNoCaller) {
  if (with_address_sanitizer)
    GTEST_SKIP() << "a lock of AddressSanitizer's allocator may stay locked in a child of busy threads";
  StartedManager redis(config());
  Traffic traffic(*redis);
  for (int i = 0; i < 30; ++i) {
    const int before = traffic.right();
    EXPECT_EQ(complaints_of_child([&] {
                RedisConnectionManager own;
                own.start(config());
                std::string all;
                if (own.client("main").ping() != "PONG") all += "sync; ";
                if (value_of(own.async_client("main").ping()) != "PONG") all += "async; ";
                return all + unless_forked("parent's", [&] { return redis->client("main"); });
              }),
              "");
    EXPECT_TRUE(eventually([&] { return traffic.right() > before + 100; })) << "the parent must continue";
  }
  EXPECT_EQ(traffic.join(), 0);
  EXPECT_GT(traffic.right(), 0);
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(Fault78, ChildForkedInHandlerCanStart) {
  StartedManager redis(config());
  const AsyncClient client = redis->async_client("main");
  std::promise<std::string> complaints;
  client.ping()([&](const std::exception_ptr&, const std::string&) {
    complaints.set_value(complaints_of_child([&] {
      RedisConnectionManager own;
      own.start(config());
      std::string all = own.client("main").ping() == "PONG" ? "" : "sync; ";
      if (value_of(own.async_client("main").ping()) != "PONG") all += "async; ";
      own.shutdown();
      if (!eventually([] { return running_threads() == 1; }))
        all += std::to_string(running_threads()) + " threads; ";
      return all;
    }));
  });
  EXPECT_EQ(complaints.get_future().get(), "");
  EXPECT_EQ(value_of(client.ping()), "PONG");
}

TEST_F(Fault78, ChildStartsIndependentlyOfServiceExecutor) {
  asio::io_context context;
  RedisConnectionManager manager;
  manager.start(config(), context);
  const AsyncClient client = manager.async_client("main");
  auto first = client.ping()(asio::use_future);
  while (first.wait_for(0s) != std::future_status::ready) context.run_one();
  EXPECT_EQ(complaints_of_child([&] {
              std::string all = unless_forked("async", [&] { return value_of(client.ping()); });
              manager.start(config());
              if (value_of(manager.async_client("main").ping()) != "PONG") all += "async; ";
              manager.shutdown();
              return all;
            }),
            "");
  auto second = client.ping()(asio::use_future);
  while (second.wait_for(0s) != std::future_status::ready) context.run_one();
  EXPECT_EQ(second.get(), "PONG");
}

TEST_F(Fault78, InstanceStartsInChildAndEndsAtExit) {
  RedisConnectionManager& instance = RedisConnectionManager::instance();
  instance.start(config());
  EXPECT_EQ(value_of(instance.async_client("main").ping()), "PONG");
  EXPECT_EQ(complaints_of_child([&] {
              instance.start(config());
              const bool well = value_of(instance.async_client("main").ping()) == "PONG";
              const AsyncClient client = instance.async_client("main");
              for (int i = 0; i < 100; ++i)
                client.ping()([](const std::exception_ptr&, const std::string&) {});
              instance.shutdown();
              return std::string(well ? "" : "async; ");
            }),
            "");
  instance.shutdown();
}

}  // namespace
}  // namespace redstart::test
