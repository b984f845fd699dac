// SPDX-License-Identifier: Apache-2.0
// retry_storms_test.cpp: fault 106: retries stay within their budget whatever makes commands fail.
#include <gtest/gtest.h>

#include <atomic>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Words = redstart::testing::Words;

// Reads without answering until the client closes, so that all sent commands are counted.
void read_on(FakeConnection& connection) {
  connection.serve([](const Words&) { return std::string(); });
}

// Answers up to `commands` commands; true if a further one was read.
bool answer(FakeConnection& connection, int commands) {
  for (; commands != 0; --commands) {
    if (connection.handshake().empty()) return false;
    connection.send(resp_bulk("value"));
  }
  return !connection.handshake().empty();
}

struct Kind {
  std::string_view name;
  FakeServer::Script script;
};

// Refuses every second command.
Kind refuses(std::string_view reply) {
  return {reply, [reply](FakeConnection& connection, std::size_t index) {
            bool refused = index % 2 == 0;
            connection.serve([&](const Words&) {
              refused = !refused;
              return refused ? "-" + std::string(reply) + "\r\n" : resp_bulk("value");
            });
          }};
}

std::vector<Kind> kinds() {
  return {
      {"half close after three replies",
       [](FakeConnection& connection, std::size_t) {
         if (!answer(connection, 3)) return;
         connection.half_close();
         read_on(connection);
       }},
      {"half close before the first reply",
       [](FakeConnection& connection, std::size_t) {
         if (!answer(connection, 0)) return;
         connection.half_close();
         read_on(connection);
       }},
      {"closed after three replies",
       [](FakeConnection& connection, std::size_t) {
         if (answer(connection, 3)) connection.close();
       }},
      {"reset after three replies",
       [](FakeConnection& connection, std::size_t) {
         if (answer(connection, 3)) connection.reset();
       }},
      {"reset before the first reply",
       [](FakeConnection& connection, std::size_t) {
         if (answer(connection, 0)) connection.reset();
       }},
      {"garbage after three replies",
       [](FakeConnection& connection, std::size_t) {
         if (!answer(connection, 3)) return;
         connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
         read_on(connection);
       }},
      refuses("READONLY You can't write against a read only replica."),
      refuses("MASTERDOWN Link with MASTER is down."),
      refuses("LOADING Redis is loading the dataset in memory"),
      refuses("BUSY Redis is busy running a script."),
      refuses("TRYAGAIN Multiple keys request during rehashing of slot"),
      refuses("NOAUTH Authentication required."),
  };
}

class Fault106 : public ::testing::TestWithParam<Kind> {};

TEST_P(Fault106, CommandsOnTheWireStayWithinTheBudget) {
  for (const Side side : {Side::direct, Side::shared}) {
    SCOPED_TRACE(to_string(side));
    FakeServer server(GetParam().script);
    RedisConfig config = on_side(side, config_at(server.port()));
    config.defaults.password = Secret("secret");
    config.defaults.direct_limit = side == Side::direct ? 100 : 0;
    config.defaults.timeouts.command = 1s;
    config.defaults.retry_budget.capacity = 10;
    config.defaults.reconnect = {1ms, 5ms, 2.0};
    config.defaults.breaker.failure_share = 1.0;  // this test is about retries alone
    config.defaults.breaker.consecutive_failures = 1'000'000;
    StartedManager redis(config);

    constexpr int threads = 16;
    constexpr int enough = 1500;
    std::atomic<int> calls{0};
    const auto began = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < threads; ++i) {
        callers.emplace_back([&] {
          const Caller caller(*redis, side);
          while (calls < enough && std::chrono::steady_clock::now() - began < 2s) {
            const auto got = caller.command<std::optional<std::string>>("GET", "k");
            // Calls that were not sent at all do not count. LOADING is a reply to a command here.
            if (got || !is_unavailable(got.error().code()) || got.error().code() == Errc::loading ||
                got.error().info().attempts > 1)
              ++calls;
            else
              let_pass(1ms);
          }
        });
      }
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const auto sent = static_cast<double>(server.count("GET"));
    std::cout << GetParam().name << ", " << to_string(side) << ": " << calls << " calls, " << sent
              << " commands, ratio " << sent / calls << "\n";
    EXPECT_GT(calls, 0);
    EXPECT_LE(sent, 1.1 * calls + 10 + seconds + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Fault106, ::testing::ValuesIn(kinds()), [](const auto& kind) {
  std::string name;
  for (const char c : kind.param.name.substr(0, kind.param.name.find('.')))
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  return name;
});

}  // namespace
}  // namespace redstart::test
