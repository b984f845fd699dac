// SPDX-License-Identifier: Apache-2.0
// shutdown_race_test.cpp: fault 82: shutdown() while many threads start operations.
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <redstart/redstart.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sanitizers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Words = FakeConnection::Words;

constexpr int rounds = with_thread_sanitizer ? 40 : 150;
constexpr std::size_t threads = 4;
constexpr std::size_t kinds = 5;
constexpr std::size_t most_turns = 200;

// Counts the completions of each operation of a round, and the outcomes other than a reply or `closed`.
// Handlers share its ownership and touch nothing else.
struct Tally {
  std::vector<std::atomic<int>> ended = std::vector<std::atomic<int>>(threads * most_turns * kinds);
  std::atomic<std::size_t> started{0};
  std::atomic<std::size_t> all{0};
  std::atomic<std::size_t> wrong{0};

  void note(std::size_t i, std::optional<Errc> error) {
    if (error && *error != Errc::closed) ++wrong;
    ++ended[i];
    ++all;
  }
};
using Shared = std::shared_ptr<Tally>;

std::optional<Errc> code_of(const std::exception_ptr& error) {
  if (!error) return std::nullopt;
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return e.code();
  }
}
template <class T>
std::optional<Errc> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code());
}

// Starts one operation of each kind: shared, batch, exclusive, acquiring a scoped handle, and synchronous.
void start_each(RedisConnectionManager& redis, const AsyncClient& client, const Client& blocking,
                const Shared& tally, std::size_t first) {
  tally->started += kinds;
  client.results().incr("n")([tally, i = first](const auto& result) { tally->note(i, code_of(result)); });
  auto batch = client.pipeline();
  static_cast<void>(batch.incr("n"));
  static_cast<void>(batch.incr("n"));
  batch.execute()([tally, i = first + 1](const std::exception_ptr& error, const Replies&) {
    tally->note(i, code_of(error));
  });
  client.results().blpop(
      "list", {1s})([tally, i = first + 2](const auto& result) { tally->note(i, code_of(result)); });
  try {
    redis.scoped_async_client("main")([tally, i = first + 3](const std::exception_ptr& error, const auto&) {
      tally->note(i, code_of(error));
    });
  } catch (const Error& error) {
    tally->note(first + 3, error.code());
  }
  // This call waits for its reply. It is rare, so that the others start without a pause.
  tally->note(first + 4, first % 7 == 0 ? code_of(blocking.results().incr("n")) : std::nullopt);
}

// State that the threads of one round have in common.
struct Round {
  explicit Round(const FakeServer& server, std::size_t direct_limit) {
    RedisConfig config = config_at(server.port());
    config.io_threads = 2;
    config.defaults.direct_limit = direct_limit;
    config.defaults.max_connections = 8;
    config.defaults.max_pending = 1'000'000;
    config.defaults.timeouts = {30s, 30s, 30s};
    redis.start(std::move(config));
  }

  RedisConnectionManager redis{};
  Shared tally = std::make_shared<Tally>();
  std::atomic<bool> ended{false};  // shutdown() has returned
};

TEST(Fault82, ShutdownCompletesStartingOperationsOnce) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) { return words[0] == "BLPOP" ? "*-1\r\n" : ":1\r\n"; });
  });
  std::vector<Shared> tallies;
  std::optional<Round> round;
  std::barrier<> meet(threads + 1);
  std::atomic<bool> over{false};
  std::vector<std::jthread> callers;
  for (std::size_t t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      for (meet.arrive_and_wait(); !over; meet.arrive_and_wait()) {
        const AsyncClient client = round->redis.async_client("main");
        const Client blocking = round->redis.client("main");
        meet.arrive_and_wait();
        for (std::size_t turn = 0; turn < most_turns && !round->ended; ++turn)
          start_each(round->redis, client, blocking, round->tally, (t * most_turns + turn) * kinds);
        meet.arrive_and_wait();
      }
    });
  }
  for (int i = 0; i < rounds; ++i) {
    round.emplace(server, i % 2 == 0 ? 0 : 10);
    tallies.push_back(round->tally);
    meet.arrive_and_wait();
    meet.arrive_and_wait();
    for (int wait = i % 16; wait != 0; --wait) std::this_thread::yield();
    round->redis.shutdown(i % 3 == 0 ? 1ms : 0ms);
    round->ended = true;
    meet.arrive_and_wait();
    const Shared tally = round->tally;
    EXPECT_TRUE(eventually([&] { return tally->all == tally->started; }))
        << "round " << i << ": " << tally->all << " of " << tally->started;
    round.reset();
  }
  over = true;
  meet.arrive_and_wait();
  callers.clear();
  for (const Shared& tally : tallies) {
    EXPECT_EQ(tally->wrong, 0U);
    std::size_t once = 0;
    for (const auto& ended : tally->ended) {
      ASSERT_LE(ended, 1);
      once += ended == 1 ? 1U : 0U;
    }
    EXPECT_EQ(once, tally->started);
  }
}

}  // namespace
}  // namespace redstart::test
