// SPDX-License-Identifier: Apache-2.0
// lease_channel_test.cpp: connection of a synchronous scoped handle.
#include "pool/lease_channel.hpp"

#include "pool/pool_channel.hpp"

#include <redstart/client/pipeline.hpp>
#include <redstart/client/scoped_client.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "make_server.hpp"
#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::inline v0::pool {
namespace {

// A database whose first connection leads to a server that refuses INCR with this message.
class Demoted : public ::testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] engine::ChannelPtr lease() {
    auto leased = channel_.lease({}, {});
    if (!leased) leased.error().raise();
    return *std::move(leased);
  }
  void expect_another_connection() {
    ScopedClient next(lease());
    EXPECT_EQ(next.incr("n"), 1);
    EXPECT_EQ(server_.accepted(), 2U);
  }

  test::FakeServer server_{[](test::FakeConnection& connection, std::size_t index) {
    connection.serve([index](const test::FakeConnection::Words& words) -> std::string {
      if (words[0] == "GET") return "$5\r\nvalue\r\n";
      return index == 0 ? "-" + std::string(GetParam()) + "\r\n" : ":1\r\n";
    });
  }};
  std::shared_ptr<Server> node_ = make_server(test::config_at(server_.port()));
  std::shared_ptr<DirectPool> pool_ = std::make_shared<DirectPool>(node_);
  PoolChannel channel_{node_, pool_, nullptr};
};

INSTANTIATE_TEST_SUITE_P(Words, Demoted,
                         ::testing::Values("READONLY You can't write against a read only replica.",
                                           "LOADING Redis is loading the dataset in memory",
                                           "MASTERDOWN Link with MASTER is down"),
                         [](const auto& words) {
                           return std::string(words.param.substr(0, words.param.find(' ')));
                         });

TEST_P(Demoted, IsNotReusedAfterCommand) {
  {
    ScopedClient scoped(lease());
    EXPECT_THROW(static_cast<void>(scoped.incr("n")), Error);
    EXPECT_EQ(scoped.get("key"), "value") << "the caller may continue";
  }
  expect_another_connection();
}

TEST_P(Demoted, IsNotReusedAfterPipeline) {
  {
    const engine::ChannelPtr leased = lease();
    Pipeline pipe(leased, {});
    static_cast<void>(pipe.get("key"));
    const auto counted = pipe.incr("n");
    const auto last = pipe.get("key");
    const auto replies = pipe.execute();
    EXPECT_EQ(replies[counted].error().server_code(), GetParam().substr(0, GetParam().find(' ')));
    EXPECT_EQ(replies[last].value(), "value");
  }
  expect_another_connection();
}

// A database whose server answers GET once `answer` is open, and other commands at once.
class ConcurrentUse : public ::testing::Test {
 protected:
  test::Gate asked_{};
  test::Gate answer_{};
  test::FakeServer server_{[asked = asked_, answer = answer_](test::FakeConnection& connection, std::size_t) {
    connection.serve([&](const test::FakeConnection::Words& words) -> std::string {
      if (words[0] != "GET") return ":1\r\n";
      asked.open();
      connection.wait(answer);
      return "$5\r\nvalue\r\n";
    });
  }};
  std::shared_ptr<Server> node_ = make_server(test::config_at(server_.port()));
  std::shared_ptr<DirectPool> pool_ = std::make_shared<DirectPool>(node_);
  PoolChannel channel_{node_, pool_, nullptr};
};

TEST_F(ConcurrentUse, FailsSecondCallAndContinuesFirst) {
  auto leased = channel_.lease({}, {});
  ASSERT_TRUE(leased);
  const ScopedClient scoped(*std::move(leased));
  std::optional<std::string> value;
  std::jthread first([&] { value = scoped.get("key"); });
  asked_.wait();
  const Error error = test::error_of([&] { return scoped.incr("n"); });
  EXPECT_EQ(error.code(), Errc::invalid_argument);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(error.info().command, "INCR");
  EXPECT_NE(std::string(error.what()).find("one for each thread"), std::string::npos) << error.what();
  answer_.open();
  first.join();
  EXPECT_EQ(value, "value");
  EXPECT_EQ(scoped.incr("n"), 1) << "afterwards it can be used again";
  EXPECT_EQ(server_.count("INCR"), 1U);
}

TEST_F(ConcurrentUse, FailsPipelineDuringCall) {
  auto leased = channel_.lease({}, {});
  ASSERT_TRUE(leased);
  const engine::ChannelPtr shared = *std::move(leased);
  Pipeline first(shared, {});
  Pipeline second(shared, {});
  const auto value = first.get("key");
  const auto counted = second.incr("n");
  std::optional<Replies> replies;
  std::jthread other([&] { replies.emplace(first.execute()); });
  asked_.wait();
  EXPECT_EQ(second.execute()[counted].error().code(), Errc::invalid_argument);
  answer_.open();
  other.join();
  EXPECT_EQ((*replies)[value].value(), "value");
  EXPECT_EQ(server_.count("INCR"), 0U);
}

TEST_F(ConcurrentUse, ReturnsRepliesOrErrorsToManyThreads) {
  auto leased = channel_.lease({}, {});
  ASSERT_TRUE(leased);
  const ScopedClient scoped(*std::move(leased));
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i != 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n != 200; ++n) {
          try {
            if (scoped.incr("n") == 1) ++answered;
          } catch (const Error& error) {
            if (error.code() != Errc::invalid_argument) ADD_FAILURE() << error.what();
          }
        }
      });
    }
  }
  EXPECT_GE(answered.load(), 1);
  EXPECT_EQ(server_.count("INCR"), static_cast<std::size_t>(answered.load()));
}

// The server closes after its first reply. INCR would be indeterminate if it were written.
class PeerClosed : public ::testing::Test {
 protected:
  // Waits until the server has closed the connection and its last use is over 1 ms ago.
  void await_the_end() {
    ASSERT_TRUE(test::eventually([&] { return server_.ended() == 1; }));
    test::let_pass(std::chrono::milliseconds(50));
  }

  test::FakeServer server_{[](test::FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) connection.send(":1\r\n");
  }};
  std::shared_ptr<Server> node_ = make_server(test::config_at(server_.port()));
  std::shared_ptr<DirectPool> pool_ = std::make_shared<DirectPool>(node_);
  PoolChannel channel_{node_, pool_, nullptr};
};

TEST_F(PeerClosed, FailsPipelineAsNotSent) {
  engine::ChannelPtr leased = *channel_.lease({}, {});
  {
    Pipeline first(leased, {});
    const auto counted = first.incr("n");
    EXPECT_EQ(first.execute()[counted].value(), 1);
  }
  await_the_end();
  Pipeline pipe(leased, {});
  const auto counted = pipe.incr("n");
  const auto last = pipe.get("key");
  const auto replies = pipe.execute();
  for (const Error& error : {replies[counted].error(), replies[last].error()}) {
    EXPECT_EQ(error.code(), Errc::connection_lost);
    EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
  }
  EXPECT_EQ(server_.count("INCR"), 1U);
  EXPECT_EQ(server_.accepted(), 1U);
}

TEST_F(PeerClosed, FailsEachLaterCallAsNotSent) {
  ScopedClient scoped(*channel_.lease({}, {}));
  EXPECT_EQ(scoped.incr("n"), 1);
  await_the_end();
  for (int i = 0; i < 2; ++i) {
    const Error error = test::error_of([&] { return scoped.incr("n"); });
    EXPECT_EQ(error.code(), Errc::connection_lost);
    EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
  }
}

}  // namespace
}  // namespace redstart::inline v0::pool
