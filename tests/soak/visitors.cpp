// SPDX-License-Identifier: Apache-2.0
// visitors.cpp: short-lived managers that are destroyed at random moments (I18).
#include "workload.hpp"

#include <redstart/redstart.hpp>

#include <atomic>
#include <memory>
#include <random>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;

struct Tally {
  std::atomic<unsigned> issued{0};
  std::atomic<unsigned> completed{0};
};

// One manager: some operations, and its destruction before they complete.
void visit(Run& run, const RedisConfig& config, std::mt19937& random) {
  auto tally = std::make_shared<Tally>();
  auto redis = std::make_unique<RedisConnectionManager>();
  redis->start(config);
  for (int i = 0; i < 16; ++i) {
    try {
      redis->async_client(usual_database)
          .echo("visitor")([tally](const std::exception_ptr&, const std::string&) { ++tally->completed; });
      ++tally->issued;
    } catch (const Error& error) {
      run.scan("an error", error.what());  // the database is away: nothing was issued
    }
  }
  std::jthread caller;
  if (random() % 2 == 0) {
    if (auto client = redis->optional_client(usual_database))
      caller = std::jthread([results = client->results()] {
        while (results.echo("visitor")) {
        }
      });
  }
  sleep_until(run, Clock::now() + std::chrono::microseconds(random() % 20'000));
  const auto began = Clock::now();
  redis.reset();
  const auto ended = Clock::now();
  const auto allowed = 2s + 3 * run.lag.worst(began, ended);
  if (ended - began > allowed)
    run.violations.add("I18", "destroying a manager took " +
                                  std::to_string((ended - began) / std::chrono::milliseconds(1)) + " ms");
  if (caller.joinable()) caller.join();
  const auto until = Clock::now() + 30s;
  while (tally->completed < tally->issued && Clock::now() < until) std::this_thread::sleep_for(1ms);
  if (tally->completed != tally->issued)
    run.violations.add("I1", std::to_string(tally->completed) + " of " + std::to_string(tally->issued) +
                                 " operations of a destroyed manager completed");
}

class Visitors final : public Group {
 public:
  Visitors(Run& run, RedisConfig config, double rate) {
    thread_ = std::jthread([&run, rate, config = std::move(config)] {
      std::mt19937 random(run.options().seed + 5000);
      Pace pace(rate);
      while (!run.stopping()) {
        sleep_until(run, pace.next());
        visit(run, config, random);
      }
    });
  }
  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::jthread thread_{};
};

}  // namespace

std::unique_ptr<Group> visitors(Run& run, RedisConfig config, double rate) {
  return std::make_unique<Visitors>(run, std::move(config), rate);
}

}  // namespace redstart::soak
