// SPDX-License-Identifier: Apache-2.0
// lease_channel_test.cpp: the connection of a synchronous scoped handle once its server has another role.
#include "pool/lease_channel.hpp"

#include "pool/pool_channel.hpp"

#include <redstart/client/pipeline.hpp>
#include <redstart/client/scoped_client.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::pool {
namespace {

// A database whose first connection leads to a server that refuses INCR with these words.
class Demoted : public ::testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] std::unique_ptr<engine::Channel> lease() {
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
  std::shared_ptr<Database> database_ =
      std::make_shared<Database>(RedisConfig{}, "main", test::config_at(server_.port()).database("main"));
  std::shared_ptr<Reachability> reachability_ = std::make_shared<Reachability>(database_);
  std::shared_ptr<DirectPool> pool_ = std::make_shared<DirectPool>(database_, reachability_);
  PoolChannel channel_{database_, pool_, nullptr};
};

INSTANTIATE_TEST_SUITE_P(Words, Demoted,
                         ::testing::Values("READONLY You can't write against a read only replica.",
                                           "LOADING Redis is loading the dataset in memory",
                                           "MASTERDOWN Link with MASTER is down"),
                         [](const auto& words) {
                           return std::string(words.param.substr(0, words.param.find(' ')));
                         });

TEST_P(Demoted, IsLentToNobodyElseAfterACommand) {
  {
    ScopedClient scoped(lease());
    EXPECT_THROW(static_cast<void>(scoped.incr("n")), Error);
    EXPECT_EQ(scoped.get("key"), "value") << "its user may go on";
  }
  expect_another_connection();
}

TEST_P(Demoted, IsLentToNobodyElseAfterAPipeline) {
  {
    const std::shared_ptr<engine::Channel> leased = lease();
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

}  // namespace
}  // namespace redstart::pool
