// SPDX-License-Identifier: Apache-2.0
// batch_failures_test.cpp: effects of the commands of a pipeline whose connection is lost.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

// A server that answers the first SET of a pipeline, reads no further, and closes once `close_` is open.
class BatchFailures : public ::testing::Test {
 protected:
  static constexpr std::size_t commands = 48;

  template <class Pipe>
  static std::vector<Slot<bool>> collect(Pipe& pipe) {
    const std::string large(1024 * 1024, 'v');  // together more than the kernel accepts unread
    std::vector<Slot<bool>> slots;
    for (std::size_t i = 0; i != commands; ++i) slots.push_back(pipe.set("key", large));
    return slots;
  }
  // The replies come first, then failures of commands that left, then those that did not.
  static void expect_effects(const Replies& replies, const std::vector<Slot<bool>>& slots) {
    EXPECT_TRUE(replies[slots.front()].value());
    EXPECT_EQ(replies[slots.back()].error().effect(), Effect::not_sent);
    EXPECT_EQ(replies[slots.back()].error().info().command, "SET (command 48 of the pipeline)");
    std::size_t indeterminate = 0;
    bool unsent = false;
    for (std::size_t i = 1; i != slots.size(); ++i) {
      const Effect effect = replies[slots[i]].error().effect();
      if (effect == Effect::not_sent)
        unsent = true;
      else
        EXPECT_FALSE(unsent) << i;
      indeterminate += effect == Effect::indeterminate ? 1U : 0U;
    }
    EXPECT_GE(indeterminate, 1U) << "the kernel holds more than one command";
  }

  Gate close_{};
  FakeServer server_{[close = close_](FakeConnection& connection, std::size_t) {
    if (connection.handshake().empty()) return;
    connection.send("+OK\r\n");
    connection.wait(close);
  }};
};

TEST_F(BatchFailures, DistinguishSentFromUnsentCommands) {
  StartedManager redis(config_at(server_.port()));
  auto pipe = redis->scoped_client("main").pipeline();
  const auto slots = collect(pipe);
  std::jthread closer([&] {
    let_pass(300ms);
    close_.open();
  });
  expect_effects(pipe.execute(), slots);
}

TEST_F(BatchFailures, DistinguishSentFromUnsentCommandsOfAsyncPipelines) {
  StartedManager redis(config_at(server_.port()));
  const AsyncScopedClient scoped = redis->scoped_async_client("main")(use_future).get();
  auto pipe = scoped.pipeline();
  const auto slots = collect(pipe);
  auto replies = pipe.execute()(use_future);
  let_pass(300ms);
  close_.open();
  expect_effects(replies.get(), slots);
}

}  // namespace
}  // namespace redstart::test
