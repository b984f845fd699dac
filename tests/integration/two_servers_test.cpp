// SPDX-License-Identifier: Apache-2.0
// two_servers_test.cpp: one database with two servers: what each has for itself, and what they share.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/io_threads.hpp"
#include "pool/pool_channel.hpp"
#include "pool/server_pools.hpp"
#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

// A channel over several servers would choose between two of these.
class DatabaseWithTwoServers : public ::testing::Test {
 protected:
  struct Node {
    Node(const std::shared_ptr<pool::Database>& database, std::uint16_t port,
         const std::shared_ptr<net::Loops>& loops)
        : pools(database, {"127.0.0.1", port, {}}, loops),
          channel(std::make_shared<pool::PoolChannel>(pools.server(), pools.direct(), pools.async())) {}

    [[nodiscard]] Client client() const { return Client(channel); }
    [[nodiscard]] AsyncClient async_client() const { return AsyncClient(pools.async()); }
    [[nodiscard]] NodeStats stats() const { return pools.stats(); }

    pool::ServerPools pools;
    std::shared_ptr<pool::PoolChannel> channel;
  };

  void start(RedisConfig config) {
    const DatabaseConfig main = config.database("main");
    database_ = std::make_shared<pool::Database>(config, "main", main);
    first_ = std::make_unique<Node>(database_, one_->port(), threads_);
    second_ = std::make_unique<Node>(database_, other_.port(), threads_);
  }
  static RedisConfig settings() {
    RedisConfig config = config_at(0);
    config.database("main").max_connections = 2;
    config.database("main").timeouts = {30s, 30s, 30s};
    return config;
  }
  ~DatabaseWithTwoServers() override {
    for (Node* node : {first_.get(), second_.get()}) {
      node->pools.stop(std::chrono::steady_clock::now());
      const auto last = std::chrono::steady_clock::now() + 30s;
      node->pools.drain(last, last);
      EXPECT_TRUE(node->pools.drain_async(last));
    }
    threads_->stop(std::chrono::steady_clock::now() + 30s, net::IoThreads::Remaining::drop);
  }
  static void answer(FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) -> std::string {
      if (words[0] == "ECHO") return resp_bulk(words[1]);
      return words[0] == "BLPOP" ? "*-1\r\n" : "+OK\r\n";
    });
  }

  std::unique_ptr<FakeServer> one_ = std::make_unique<FakeServer>(&answer);
  FakeServer other_{&answer};
  std::shared_ptr<net::IoThreads> threads_ = std::make_shared<net::IoThreads>(1, [](std::string_view) {});
  std::shared_ptr<pool::Database> database_{};
  std::unique_ptr<Node> first_{};
  std::unique_ptr<Node> second_{};
};

TEST_F(DatabaseWithTwoServers, HasOneLimitOfConnectionsForEachServer) {
  start(settings());
  std::vector<engine::ChannelPtr> leases;
  for (Node* node : {first_.get(), second_.get()}) {
    for (int i = 0; i != 2; ++i) leases.push_back(*node->channel->lease({}, CallSite{}));
  }
  EXPECT_EQ(first_->stats().pool.in_use, 2U);
  EXPECT_EQ(second_->stats().pool.in_use, 2U);

  // The waiter of one server gets no connection that the other one returns.
  auto waiting = first_->async_client().blpop("nothing", {1ms})(use_future);
  EXPECT_EQ(first_->stats().pool.waiting, 1U);
  leases.pop_back();
  EXPECT_EQ(waiting.wait_for(50ms), std::future_status::timeout);
  EXPECT_EQ(second_->stats().pool.waiting, 0U);
  leases.erase(leases.begin());
  EXPECT_FALSE(waiting.get());
}

TEST_F(DatabaseWithTwoServers, LosesOneServerOnly) {
  start(settings());
  EXPECT_EQ(first_->client().echo("a"), "a");
  EXPECT_EQ(second_->client().echo("b"), "b");
  one_.reset();
  EXPECT_TRUE(eventually([&] {
    return !first_->client().results().echo("a").has_value() &&
           first_->stats().state == ConnectionState::backing_off;
  }));
  EXPECT_EQ(error_of([&] { first_->async_client().echo("a")(use_future).get(); }).info().endpoint,
            first_->pools.server()->origin().endpoint);
  EXPECT_EQ(second_->client().echo("b"), "b");
  EXPECT_EQ(second_->async_client().echo("b")(use_future).get(), "b");
  EXPECT_EQ(second_->stats().state, ConnectionState::ready);
  EXPECT_EQ(second_->stats().pool.connect_failures, 0U);
}

TEST_F(DatabaseWithTwoServers, HasOneBreakerForEachServer) {
  start(settings());
  first_->pools.server()->breaker().force_open();
  EXPECT_EQ(error_of([&] { first_->client().echo("a"); }).code(), Errc::circuit_open);
  EXPECT_EQ(error_of([&] { first_->async_client().echo("a")(use_future).get(); }).code(), Errc::circuit_open);
  EXPECT_EQ(second_->client().echo("b"), "b");
  EXPECT_EQ(second_->async_client().echo("b")(use_future).get(), "b");
  first_->pools.server()->breaker().automatic();
  EXPECT_EQ(first_->client().echo("a"), "a");
}

TEST_F(DatabaseWithTwoServers, CountsLeasesAndErrorsTogether) {
  start(settings());
  const engine::ChannelPtr one = *first_->channel->lease({}, CallSite{});
  const engine::ChannelPtr other = *second_->channel->lease({}, CallSite{});
  EXPECT_EQ(first_->stats().pool.leased + second_->stats().pool.leased, 2U);
  static_cast<void>(first_->client().results().with_timeout(0ms).echo("a"));
  static_cast<void>(second_->client().results().with_timeout(0ms).echo("b"));
  DatabaseStats stats;
  database_->collect(stats, Clock::now());
  EXPECT_EQ(stats.operations.failed, 2U);
  EXPECT_GT(stats.pool.oldest_lease, 0ns);
}

}  // namespace
}  // namespace redstart::test
