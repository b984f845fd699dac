// SPDX-License-Identifier: Apache-2.0
// large_work_test.cpp: large requests, batches and replies leave the shared connections.
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

namespace asio = boost::asio;
using Words = FakeConnection::Words;

constexpr std::size_t large = std::size_t{300} * 1024;

// GET and GETDEL of a key that begins with `large` have a large reply; LRANGE has, unless it ends at 9.
std::string answer(const Words& words) {
  const bool is_large = (words[0].starts_with("GET") && words[1].starts_with("large")) ||
                        (words[0] == "LRANGE" && words[3] != "9");
  if (words[0] == "LRANGE") return "*1\r\n" + resp_bulk(std::string(is_large ? large : 5, 'v'));
  if (words[0] == "ECHO") return resp_bulk(words[1]);
  if (words[0].starts_with("GET")) return resp_bulk(std::string(is_large ? large : 5, 'v'));
  return "+OK\r\n";
}

class LargeWork : public ::testing::Test {
 protected:
  explicit LargeWork(std::size_t max_connections = 50)
      : server_([this](FakeConnection& connection, std::size_t index) {
          connection.serve([this, index](const Words& words) {
            if (words[0] != "ECHO") used_ = index;
            return answer(words);
          });
        }),
        config_(config_at(server_.port())) {
    config_.defaults.direct_limit = 0;  // synchronous calls share
    config_.defaults.max_connections = max_connections;
  }

  RedisConnectionManager& redis() {
    if (!manager_) manager_ = std::make_unique<StartedManager>(config_);
    return **manager_;
  }
  // The size of the value, read over an asynchronous handle.
  std::size_t get(const std::string& key) {
    return redis().async_client("main").get(key)(asio::use_future).get().value().size();
  }
  void range(const char* last) {
    static_cast<void>(
        redis().async_client("main").command<Value>("LRANGE", "list", "0", last)(asio::use_future).get());
  }
  std::size_t opened() { return redis().stats("main").pool.created; }

  std::atomic<std::size_t> used_{0};  // the connection of the last command
  FakeServer server_;
  RedisConfig config_;

 private:
  std::unique_ptr<StartedManager> manager_{};
};

class LargeWorkOnOneConnection : public LargeWork {
 protected:
  LargeWorkOnOneConnection() : LargeWork(1) {}
};

TEST_F(LargeWork, AsyncRequestAbove64KiBGetsItsOwnConnection) {
  const AsyncClient client = redis().async_client("main");
  client.set("key", std::string(65'000, 'v'))(asio::use_future).get();
  EXPECT_EQ(opened(), 1U);
  client.set("key", std::string(65'600, 'v'))(asio::use_future).get();
  EXPECT_EQ(opened(), 2U);
}

TEST_F(LargeWork, AsyncBatchAbove1000CommandsGetsItsOwnConnection) {
  const auto run = [client = redis().async_client("main")](std::size_t commands) {
    AsyncPipeline pipe = client.pipeline();
    for (std::size_t i = 0; i != commands; ++i) static_cast<void>(pipe.get("k"));
    EXPECT_FALSE(pipe.execute()(asio::use_future).get().first_error());
  };
  run(1000);
  EXPECT_EQ(opened(), 1U);
  run(1001);
  EXPECT_EQ(opened(), 2U);
}

TEST_F(LargeWork, SyncBatchAbove1000CommandsOr64KiBGetsItsOwnConnection) {
  const auto run = [this, client = redis().client("main")](std::size_t commands, std::size_t size) {
    Pipeline pipe = client.pipeline();
    for (std::size_t i = 0; i != commands; ++i) static_cast<void>(pipe.set("k", std::string(size, 'v')));
    EXPECT_FALSE(pipe.execute().first_error());
    return used_.load();
  };
  const std::size_t shared = run(1, 1);
  EXPECT_EQ(run(1000, 1), shared);
  EXPECT_EQ(run(2, 30'000), shared);
  EXPECT_NE(run(2, 33'000), shared);
  EXPECT_NE(run(1001, 1), shared);
}

TEST_F(LargeWork, AsyncReadWithLargeReplyGetsItsOwnConnectionNextTime) {
  EXPECT_EQ(get("large"), large);
  EXPECT_EQ(opened(), 1U);
  EXPECT_EQ(get("large"), large);
  EXPECT_EQ(opened(), 2U);
  EXPECT_EQ(get("small"), 5U);
  EXPECT_EQ(get("large2"), large);
  EXPECT_EQ(redis().stats("main").pool.shared, 1U);
  EXPECT_EQ(opened(), 2U);
}

TEST_F(LargeWork, SyncReadWithLargeReplyGetsItsOwnConnectionNextTime) {
  for (const bool integrity : {false, true}) {
    RedisConfig config = config_;
    config.defaults.integrity = integrity;
    StartedManager redis(config);
    const Client client = redis->client("main");
    EXPECT_EQ(client.get("small").value().size(), 5U);
    const std::size_t shared = used_;
    EXPECT_EQ(client.get("large").value().size(), large);
    EXPECT_EQ(used_, shared);
    EXPECT_EQ(client.get("large").value().size(), large);
    EXPECT_NE(used_, shared);
  }
}

TEST_F(LargeWork, CommandReturnsToTheSharedConnectionAfterSmallReplies) {
  range("-1");
  EXPECT_EQ(used_, 0U) << "the shared connection";
  for (int i = 0; i != 8; ++i) {
    range("9");
    EXPECT_NE(used_, 0U) << i;
  }
  range("9");
  EXPECT_EQ(used_, 0U);
}

TEST_F(LargeWork, CommandKeepsItsOwnConnectionWithALargeReplyNowAndThen) {
  range("-1");
  for (int i = 0; i != 30; ++i) {
    range(i % 5 == 0 ? "-1" : "9");
    EXPECT_NE(used_, 0U) << i;
  }
}

// The order of writes that one caller starts must not change.
TEST_F(LargeWork, WriteWithLargeReplyStaysOnTheSharedConnection) {
  const AsyncClient client = redis().async_client("main");
  for (int i = 0; i != 3; ++i)
    EXPECT_EQ(client.getdel("large")(asio::use_future).get().value().size(), large);
  EXPECT_EQ(opened(), 1U);
}

TEST_F(LargeWork, BatchWithLargeReplyGetsItsOwnConnectionNextTime) {
  const auto run = [client = redis().async_client("main")] {
    AsyncPipeline pipe = client.pipeline();
    const auto value = pipe.get("large");
    static_cast<void>(pipe.get("small"));
    EXPECT_EQ(pipe.execute()(asio::use_future).get()[value].value()->size(), large);
  };
  run();
  EXPECT_EQ(opened(), 1U);
  run();
  EXPECT_EQ(opened(), 2U);
}

// Nothing could be gained: the shared connection would have to close for each large read.
TEST_F(LargeWorkOnOneConnection, LargeReadsStayOnTheSharedConnection) {
  for (int i = 0; i != 3; ++i) EXPECT_EQ(get("large"), large);
  EXPECT_EQ(server_.accepted(), 1U);
}

}  // namespace
}  // namespace redstart::test
