// SPDX-License-Identifier: Apache-2.0
// thundering_herd_test.cpp: fault 76: a thousand clients reconnect to one server.
#include "protocol/reconnect.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t clients = 1000;
const TimePoint lost_at = TimePoint{} + 1h;

/// How the server treats a connection at that time.
enum class Server { refuses, greets_and_drops, serves };

/// A thousand clients on one virtual clock. Each connects as soon as its policy allows.
class Herd {
 public:
  explicit Herd(std::function<Server(TimePoint)> server, unsigned seed = 76)
      : server_(std::move(server)), generator_(seed), herd_(clients) {}

  void run(TimePoint end) {
    for (std::size_t i = 0; i < clients; ++i) due_.emplace(lost_at, i);
    while (!due_.empty() && due_.top().first < end) {
      const auto [now, index] = due_.top();
      due_.pop();
      attempt(now, index);
    }
  }
  [[nodiscard]] std::size_t served() const { return served_; }
  [[nodiscard]] const std::vector<TimePoint>& attempts() const { return attempts_; }

  /// The largest number of attempts in any window between two times, and the mean of all windows.
  [[nodiscard]] std::pair<double, double> most_and_mean(TimePoint from, TimePoint to,
                                                        std::chrono::milliseconds window = 100ms) const {
    const auto first = std::lower_bound(attempts_.begin(), attempts_.end(), from);
    const auto last = std::lower_bound(attempts_.begin(), attempts_.end(), to);
    std::ptrdiff_t most = 0;
    for (auto left = first, right = first; right != last; ++right) {
      while (*right - *left >= window) ++left;
      most = std::max(most, right - left + 1);
    }
    const double windows = std::chrono::duration<double>(to - from) / window;
    return {static_cast<double>(most), static_cast<double>(last - first) / windows};
  }

 private:
  void attempt(TimePoint now, std::size_t index) {
    Reconnect& client = herd_[index];
    ASSERT_TRUE(client.may_attempt(now));
    attempts_.push_back(now);
    const Reconnect::ConnectAttempt attempt = client.begin(now);
    const double random = std::uniform_real_distribution<double>(0.0, 1.0)(generator_);
    switch (server_(now)) {
      case Server::refuses: client.failed(attempt, now, random); break;
      case Server::greets_and_drops: client.lost(client.succeeded(now, random), now, random); break;
      case Server::serves:
        client.answered(client.succeeded(now, random));
        ++served_;
        return;
    }
    due_.emplace(client.next_attempt(), index);
  }

  using Due = std::pair<TimePoint, std::size_t>;
  std::function<Server(TimePoint)> server_;
  std::minstd_rand generator_;
  std::vector<Reconnect> herd_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_{};
  std::vector<TimePoint> attempts_{};
  std::size_t served_ = 0;
};

// Once delays have grown, which takes a second, attempts are spread evenly until the server is back and
// beyond.
constexpr auto grown = 1s;

TEST(Fault76, AttemptsAreSpreadWhileServerIsAwayAndWhenItReturns) {
  for (const unsigned seed : {1U, 76U, 4711U}) {
    const TimePoint back = lost_at + 10s;
    Herd herd([back](TimePoint now) { return now < back ? Server::refuses : Server::serves; }, seed);
    herd.run(back + 10s);
    EXPECT_EQ(herd.served(), clients);
    const auto [most, mean] = herd.most_and_mean(lost_at + grown, back + 250ms);
    EXPECT_GT(mean, 100.0);
    EXPECT_LE(most, 2 * mean);
    EXPECT_LE(herd.attempts().back() - back, 500ms) << "all clients must be back within the longest delay";
  }
}

TEST(Fault76, ServerThatOnlyGreetsDoesNotResetDelays) {
  const TimePoint greets = lost_at + 5s;
  const TimePoint back = greets + 10s;
  Herd herd([=](TimePoint now) {
    return now < greets ? Server::refuses : now < back ? Server::greets_and_drops : Server::serves;
  });
  herd.run(back + 1s);
  EXPECT_EQ(herd.served(), clients);
  const auto [most, mean] = herd.most_and_mean(lost_at + grown, back);
  EXPECT_LE(most, 2 * mean);
  const double away = herd.most_and_mean(lost_at + grown, greets).second;
  const double greeting = herd.most_and_mean(greets, back).second;
  EXPECT_NEAR(greeting, away, away / 10) << "must not cause more attempts than while it was away";
}

TEST(Fault76, FirstAttemptsAfterSimultaneousLossAreSpread) {
  Herd herd([](TimePoint) { return Server::refuses; });
  herd.run(lost_at + 1s);
  EXPECT_LE(herd.most_and_mean(lost_at + 1ns, lost_at + 1s, 10ms).first, 0.3 * clients);
}

}  // namespace
}  // namespace redstart::inline v0::protocol
