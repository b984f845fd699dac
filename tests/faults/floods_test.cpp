// SPDX-License-Identifier: Apache-2.0
// floods_test.cpp: fault 27: deadlines hold under an endless flood of push messages.
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

// Small messages: the reader is slower than the sender.
std::string many_pushes() {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += ">1\r\n:1\r\n";
  return bytes;
}

// A server that answers GET "flooded" only after a flood of push messages has ended.
class Flood {
 public:
  Flood() {
    RedisConfig config = config_at(server.port());
    config.io_threads = 1;
    config.defaults.timeouts.command = 30s;
    redis_.emplace(std::move(config));
  }
  [[nodiscard]] RedisConnectionManager& redis() { return **redis_; }

  std::atomic<bool> over{false};
  const std::string pushes = many_pushes();
  FakeServer server{[this](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words[1] == "flooded") {
        while (!over && !connection.stopping()) connection.send(pushes);
      }
      return resp_bulk("value of " + words[1]);
    });
  }};

 private:
  std::optional<StartedManager> redis_{};
};

template <class T>
void expect_timeout(std::future<T>& reply) {
  ASSERT_EQ(reply.wait_for(10s), std::future_status::ready) << "its deadline was 200 ms";
  const Error error = error_of([&] { return reply.get(); });
  EXPECT_EQ(error.code(), Errc::timeout) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
}

TEST(Fault27, DeadlinesHoldUnderFloodOfPushMessages) {
  Flood flood;
  const AsyncClient client = flood.redis().async_client("main");
  EXPECT_EQ(client.get("before")(use_future).get(), "value of before");
  const std::size_t connections = flood.server.accepted();
  auto flooded = client.with_timeout(200ms).get("flooded")(use_future);
  expect_timeout(flooded);
  flood.over = true;
  EXPECT_EQ(client.get("after")(use_future).get(), "value of after");
  EXPECT_EQ(flood.server.accepted(), connections) << "the connection must not be replaced";
}

}  // namespace
}  // namespace redstart::test
