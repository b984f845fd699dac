// SPDX-License-Identifier: Apache-2.0
// reachability_test.cpp: how connect attempts decide whether a server is away.
#include "pool/reachability.hpp"
#include "core/failures.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "make_server.hpp"

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;

class ShortTimeouts : public ::testing::Test {
 protected:
  // An attempt that ends at the deadline of its caller after 100 ms.
  void attempt() {
    const auto begun = reachability.begin(now);
    ASSERT_TRUE(begun);
    now += 100ms;
    static_cast<void>(reachability.inconclusive(*begun, failure::not_connected(ETIMEDOUT), now, 100ms));
  }

  std::shared_ptr<Server> server = make_server({});
  Reachability& reachability = server->reachability();
  TimePoint now = Clock::now();
};

TEST_F(ShortTimeouts, CauseNoOutageWhenFew) {
  for (int i = 0; i < 4; ++i) attempt();
  EXPECT_FALSE(reachability.failing());
}

TEST_F(ShortTimeouts, CauseOutageAfterHalfASecondWithoutConnection) {
  for (int i = 0; i < 5; ++i) attempt();
  EXPECT_TRUE(reachability.failing());
  EXPECT_EQ(reachability.state(), Reachability::State::backing_off);
  EXPECT_FALSE(reachability.begin(now)) << "no other caller waits for its deadline";
}

TEST_F(ShortTimeouts, AreCountedAnewAfterConnection) {
  for (int i = 0; i < 4; ++i) attempt();
  const auto begun = reachability.begin(now);
  ASSERT_TRUE(begun);
  static_cast<void>(reachability.succeeded(*begun));
  reachability.left(1, false);  // and it is closed again: while one works, further attempts are paced
  now += 1h;
  for (int i = 0; i < 4; ++i) attempt();
  EXPECT_FALSE(reachability.failing());
}

// One connection works, and further ones are opened.
class Growth : public ::testing::Test {
 protected:
  Reachability::ConnectAttempt begin() {
    auto begun = reachability.begin(now);
    EXPECT_TRUE(begun);
    return begun ? *begun : Reachability::ConnectAttempt{};
  }
  void open() { reachability.succeeded(begin()); }
  Error fail(const Reachability::ConnectAttempt& attempt, Cause failure = refused()) {
    return reachability.failed(attempt, failure, now, 1ms);
  }
  static Cause refused() { return failure::not_connected(ECONNREFUSED); }
  static Cause full() {
    return {{Errc::handshake_failed, Effect::not_sent, Remedy::retry},
            "full",
            "ERR max number of clients reached",
            {}};
  }

  std::shared_ptr<Server> server = make_server({});
  Reachability& reachability = server->reachability();
  TimePoint now = Clock::now();
};

TEST_F(Growth, IsNoOutageWhenAnotherConnectionWorks) {
  open();
  fail(begin());
  EXPECT_FALSE(reachability.failing());
  EXPECT_TRUE(reachability.up());
  EXPECT_FALSE(reachability.known_failure());
  EXPECT_EQ(reachability.connect_failures(), 1U);
  EXPECT_TRUE(reachability.growth_paused());
}

TEST_F(Growth, IsPausedUntilTheNextAttemptIsDue) {
  open();
  fail(begin());
  EXPECT_FALSE(reachability.begin(now));
  now = reachability.growth_due();
  EXPECT_LE(now, Clock::now() + DatabaseConfig{}.reconnect.maximum);
  const auto attempt = begin();
  EXPECT_FALSE(reachability.begin(now)) << "one at a time";
  EXPECT_EQ(reachability.growth_due(), TimePoint::max()) << "an attempt is pending";
  reachability.succeeded(attempt);
  EXPECT_FALSE(reachability.growth_paused());
  EXPECT_TRUE(reachability.begin(now));
}

TEST_F(Growth, DecidesNothingWhileAnotherAttemptIsPending) {
  const auto first = begin();
  const auto second = begin();
  fail(first);
  EXPECT_FALSE(reachability.failing());
  EXPECT_TRUE(reachability.hopeful());
  fail(second);
  EXPECT_TRUE(reachability.failing()) << "the last one does";
  EXPECT_FALSE(reachability.hopeful());
}

TEST_F(Growth, ServesAllWhenOneOfSeveralFirstAttemptsSucceeds) {
  const auto first = begin();
  const auto second = begin();
  fail(first);
  reachability.succeeded(second);
  EXPECT_FALSE(reachability.failing());
  EXPECT_TRUE(reachability.growth_paused() || reachability.begin(now)) << "and growth goes on";
}

TEST_F(Growth, BeginsOutageWhenLastConnectionIsLost) {
  open();
  fail(begin());
  reachability.left();
  EXPECT_FALSE(reachability.growth_paused());
  fail(begin());  // at once, regardless of the due time
  EXPECT_TRUE(reachability.failing());
  EXPECT_EQ(reachability.state(), Reachability::State::backing_off);
}

TEST_F(Growth, ReportsWhyCallerGotNoConnection) {
  open();
  EXPECT_NE(reachability.no_connection().what.find("in use"), std::string::npos);
  fail(begin());
  const ErrorInfo info = reachability.no_connection();
  EXPECT_EQ(info.code, Errc::pool_timeout);
  EXPECT_NE(info.what.find("refused"), std::string::npos) << info.what;
}

TEST_F(Growth, ClosesAnotherConnectionOnlyWithoutCapacity) {
  open();
  fail(begin());
  EXPECT_FALSE(reachability.full());
  now = reachability.growth_due();
  fail(begin(), full());
  EXPECT_TRUE(reachability.full());
}

TEST_F(Growth, UsesFreedCapacityBeforeDatabaseIsAway) {
  open();
  fail(begin(), full());
  reachability.left(1, true);
  EXPECT_TRUE(reachability.hopeful());
  EXPECT_FALSE(reachability.begin(now)) << "the server takes its time to close the other";
  now = reachability.growth_due();
  fail(begin(), full());
  EXPECT_FALSE(reachability.hopeful());
  EXPECT_FALSE(reachability.failing());
  fail(begin(), full());
  EXPECT_TRUE(reachability.failing());
}

class EarlyLoss : public ShortTimeouts {
 protected:
  // A connection becomes ready and is lost at once.
  void greet(CloseReason reason = CloseReason::lost) {
    const auto begun = reachability.begin(now);
    ASSERT_TRUE(begun);
    const auto connection = reachability.succeeded(*begun);
    reachability.left();
    reachability.lost(connection, reason, Clock::now());
  }
};

TEST_F(EarlyLoss, CountsSecondConnectionLostBeforeReplyAsFailure) {
  greet();
  EXPECT_FALSE(reachability.failing());
  greet();
  EXPECT_TRUE(reachability.failing());
  EXPECT_FALSE(reachability.begin(now)) << "the delay has begun";
}

TEST_F(EarlyLoss, CountsConnectionsLostTogetherOnce) {
  std::vector<protocol::Reconnect::Connection> together;
  for (int i = 0; i < 3; ++i) {
    const auto begun = reachability.begin(now);
    ASSERT_TRUE(begun);
    together.push_back(reachability.succeeded(*begun));
  }
  for (const auto& connection : together) {
    reachability.left();
    reachability.lost(connection, CloseReason::lost, Clock::now());
    EXPECT_FALSE(reachability.failing());
  }
  greet();
  EXPECT_TRUE(reachability.failing());
}

TEST_F(EarlyLoss, IgnoresConnectionsClosedOnPurpose) {
  for (const auto reason : {CloseReason::idle, CloseReason::lifetime, CloseReason::dirty,
                            CloseReason::shutdown, CloseReason::timeout}) {
    for (int i = 0; i < 3; ++i) greet(reason);
    EXPECT_FALSE(reachability.failing()) << to_string(reason);
  }
}

TEST_F(EarlyLoss, HalfOpensBreakerOnlyAfterUserCommand) {
  greet();
  greet();
  Breaker& breaker = server->breaker();
  for (int i = 0; i < 5; ++i) breaker.failed(breaker.admit(now), now, "lost");
  ASSERT_EQ(breaker.state(), BreakerState::open);
  now = reachability.next_attempt();
  const auto again = reachability.begin(now);
  ASSERT_TRUE(again);
  const auto connection = reachability.succeeded(*again);
  EXPECT_EQ(breaker.state(), BreakerState::open) << "ready alone is no proof";
  EXPECT_FALSE(reachability.failing()) << "commands may be sent over it";
  EXPECT_FALSE(reachability.begin(Clock::now())) << "others wait for the first answer";
  EXPECT_TRUE(reachability.growth_paused()) << "and queue for the connection that is ready";
  reachability.answered(connection.number);
  const auto next = reachability.begin(now);
  ASSERT_TRUE(next);
  static_cast<void>(reachability.succeeded(*next));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

}  // namespace
}  // namespace redstart::inline v0::pool
