// SPDX-License-Identifier: Apache-2.0
// cancellation_test.cpp: cancels a million operations at random moments.
// Each ends by a cancellation or a short deadline. Every operation completes exactly once, and every reply is
// its own (faults 32, 33).
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "effort.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Tally {
  std::atomic<std::uint64_t> issued{0};
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> ok{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<std::uint64_t> wrong{0};   // replies of another caller
  std::atomic<std::uint64_t> twice{0};   // completions beyond the first
  std::atomic<std::uint64_t> others{0};  // unexpected errors
  std::uint64_t goal = 0;                // how many operations to end by cancellation or deadline
  std::atomic<std::size_t> running{0};   // callers that have not ended

  [[nodiscard]] std::uint64_t cut_short() const { return cancelled + late; }
};

// Runs one operation after the other on one executor. Each is cancelled at random or has a short deadline.
class Caller : public std::enable_shared_from_this<Caller> {
 public:
  Caller(AsyncClient client, asio::any_io_executor executor, unsigned seed, Tally& tally,
         std::function<void()> at_end)
      : client_(std::move(client)),
        executor_(std::move(executor)),
        random_(seed),
        tally_(tally),
        at_end_(std::move(at_end)) {}

  void begin() {
    asio::post(executor_, [self = shared_from_this()] { self->next(); });
  }

 private:
  // Most are cancelled, a quarter has a deadline of 1 to 20 ms. An operation that is faster than both
  // succeeds.
  void next() {
    if (tally_.cut_short() >= tally_.goal) {
      if (--tally_.running == 0) at_end_();
      return;
    }
    const std::uint64_t number = ++tally_.issued;
    nonce_ = "nonce" + std::to_string(number);
    pending_ = number;
    const auto dice = static_cast<unsigned>(random_() % 8);
    const AsyncClient hasty =
        dice < 2 ? client_.with_timeout(std::chrono::milliseconds(1 + random_() % 20)) : client_;
    signal_.slot().clear();
    auto handler = asio::bind_executor(
        executor_,
        asio::bind_cancellation_slot(signal_.slot(), [self = shared_from_this(), number](
                                                         const std::exception_ptr& error, std::string text) {
          self->completed(number, error, text);
        }));
    switch (random_() % 3) {
      case 0: hasty.echo(nonce_)(std::move(handler)); break;
      case 1: hasty.command<std::string>("PING", nonce_)(std::move(handler)); break;
      default: hasty.command<std::string>("EVAL", "return ARGV[1]", 0, nonce_)(std::move(handler)); break;
    }
    if (dice != 0) cancel_after(number, static_cast<unsigned>(random_() % 6));
  }

  // Lets some events pass, then cancels the operation if it is still pending.
  void cancel_after(std::uint64_t number, unsigned events) {
    asio::post(executor_, [self = shared_from_this(), number, events] {
      if (self->pending_ != number) return;
      if (events != 0) return self->cancel_after(number, events - 1);
      constexpr std::array kinds{asio::cancellation_type::total, asio::cancellation_type::partial,
                                 asio::cancellation_type::terminal, asio::cancellation_type::all};
      self->signal_.emit(kinds[self->random_() % kinds.size()]);
    });
  }

  void completed(std::uint64_t number, const std::exception_ptr& error, const std::string& text) {
    ++tally_.completed;
    if (pending_ != number) {
      ++tally_.twice;
      return;
    }
    pending_ = 0;
    if (!error)
      ++(text == nonce_ ? tally_.ok : tally_.wrong);
    else
      classify(error);
    next();
  }

  void classify(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const Error& what) {
      if (what.code() == Errc::cancelled)
        ++tally_.cancelled;
      else if (what.code() == Errc::timeout)
        ++tally_.late;
      else
        ++tally_.others;
    }
  }

  AsyncClient client_;
  asio::any_io_executor executor_;
  std::mt19937 random_;
  Tally& tally_;
  std::function<void()> at_end_;
  asio::cancellation_signal signal_{};
  std::string nonce_{};
  std::uint64_t pending_ = 0;
};

class Cancellations : public RedisTest {
 protected:
  static constexpr std::size_t callers = 128;

  // The server sleeps for a moment now and then, so that deadlines pass at every stage.
  class Pauses {
   public:
    explicit Pauses(std::uint16_t)
        : thread_([](const std::stop_token& stop) {
            RawRedis raw(shared_redis().socket_path());
            while (!stop.stop_requested()) {
              raw.command({"DEBUG", "SLEEP", "0.012"});
              std::this_thread::sleep_for(40ms);
            }
          }) {}

   private:
    std::jthread thread_;
  };

  // Waits for the end. A minute in which nothing completes is a failure, and `give_up` ends pending
  // operations.
  static void await_end(const Tally& tally, const std::function<bool()>& wait_a_little,
                        const std::function<void()>& give_up) {
    std::uint64_t seen = 0;
    auto moved = std::chrono::steady_clock::now();
    while (!wait_a_little()) {
      const auto now = std::chrono::steady_clock::now();
      if (const std::uint64_t completed = tally.completed; completed != seen) {
        seen = completed;
        moved = now;
      } else if (now - moved > 60s) {
        ADD_FAILURE() << "nothing completed for a minute: " << tally.completed << " of " << tally.issued
                      << " operations completed";
        give_up();
        moved = now;
      }
    }
  }

  static void expect_all_well(const Tally& tally) {
    std::cout << tally.completed << " operations: " << tally.ok << " ok, " << tally.cancelled
              << " cancelled, " << tally.late << " late; " << tally.cut_short() << " cut short, "
              << tally.goal << " requested\n";
    EXPECT_EQ(tally.wrong, 0U);
    EXPECT_EQ(tally.twice, 0U);
    EXPECT_EQ(tally.others, 0U);
    EXPECT_EQ(tally.completed, tally.issued);
    EXPECT_GT(tally.ok, 0U);
    EXPECT_GE(tally.cut_short(), tally.goal);
    EXPECT_GT(tally.cancelled, 0U);
    EXPECT_GT(tally.late, 0U);
  }
};

TEST_F(Cancellations, CompleteOnceOnTheServicesOnlyThread) {
  const Pauses pauses(server().port());
  Tally tally;
  tally.goal = effort(600'000);
  tally.running = callers;
  asio::io_context context(1);
  RedisConnectionManager redis;
  redis.start(config_at(server()), context.get_executor());
  redis.breaker("main").force_closed();  // this test causes many timeouts on purpose
  std::mt19937 seeds(soak_seed());
  for (std::size_t i = 0; i < callers; ++i)
    std::make_shared<Caller>(redis.async_client("main"), context.get_executor(),
                             static_cast<unsigned>(seeds()), tally, [&] { redis.shutdown(); })
        ->begin();
  await_end(
      tally, [&] { return context.run_for(100ms), context.stopped(); },
      [&] {
        redis.shutdown();
        context.stop();
      });
  expect_all_well(tally);
}

TEST_F(Cancellations, CompleteOnceOnFourThreadsOfTheService) {
  const Pauses pauses(server().port());
  Tally tally;
  tally.goal = effort(200'000);
  tally.running = callers;
  asio::io_context context(4);
  RedisConnectionManager redis;
  RedisConfig config = config_at(server());
  config.defaults.shared_connections = 2;
  redis.start(std::move(config), context.get_executor());
  redis.breaker("main").force_closed();
  std::mt19937 seeds(soak_seed());
  for (std::size_t i = 0; i < callers; ++i)
    std::make_shared<Caller>(redis.async_client("main"), asio::make_strand(context),
                             static_cast<unsigned>(seeds()), tally, [&] { redis.shutdown(); })
        ->begin();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
  await_end(
      tally, [&] { return context.run_for(100ms), context.stopped(); },
      [&] {
        redis.shutdown();
        context.stop();
      });
  threads.clear();
  expect_all_well(tally);
}

TEST_F(Cancellations, CompleteOnceOnThreadsOfTheLibraryAndOfOthers) {
  const Pauses pauses(server().port());
  Tally tally;
  tally.goal = effort(200'000);
  tally.running = callers;
  RedisConfig config = config_at(server());
  config.io_threads = 2;
  StartedManager redis(std::move(config));
  redis->breaker("main").force_closed();
  const AsyncClient client = redis->async_client("main");
  asio::io_context others(1);
  auto work = asio::make_work_guard(others);
  std::jthread thread([&] { others.run(); });
  std::mt19937 seeds(soak_seed());
  std::atomic<bool> over{false};
  for (std::size_t i = 0; i < callers; ++i) {
    const asio::any_io_executor place =
        i % 2 == 0 ? client.get_executor() : asio::any_io_executor(others.get_executor());
    std::make_shared<Caller>(client, place, static_cast<unsigned>(seeds()), tally, [&] {
      over = true;
    })->begin();
  }
  await_end(
      tally, [&] { return std::this_thread::sleep_for(1ms), over.load(); },
      [&] {
        redis->shutdown();
        others.stop();
        over = true;
      });
  work.reset();
  thread.join();  // finishes its remaining work
  expect_all_well(tally);
}

}  // namespace
}  // namespace redstart::test
