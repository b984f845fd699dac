// SPDX-License-Identifier: Apache-2.0
// direct_pool_events_test.cpp: events of closed connections, delivered without a lock.
#include "pool/direct_pool.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "make_server.hpp"
#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;

class ClosedConnections : public ::testing::Test {
 protected:
  // Calls the pool inside the event. The call would never return if the pool held its lock.
  class Listener final : public EventListener {
   public:
    void on_event(const Event& event) noexcept override {
      if (event.kind != EventKind::disconnected) return;
      PoolStats stats;
      if (DirectPool* const pool = asked.load()) pool->collect(stats);
      const std::scoped_lock lock(mutex_);
      for (std::size_t i = 0; i != close_reasons; ++i)
        told_[i] += event.detail == to_string(static_cast<CloseReason>(i)) ? 1U : 0U;
    }
    [[nodiscard]] std::array<std::uint64_t, close_reasons> told() const {
      const std::scoped_lock lock(mutex_);
      return told_;
    }
    std::atomic<DirectPool*> asked{nullptr};

   private:
    mutable std::mutex mutex_{};
    std::array<std::uint64_t, close_reasons> told_{};
  };
  // A caller that waits for a connection of another kind.
  struct Other final : Waiter {
    Other() : Waiter(ConnectionKind::shared, Takes::grants) {}
    void notify() noexcept override {}
  };

  void make(std::size_t most = 8) {
    RedisConfig config = test::config_at(server_.port());
    config.listener = listener_;
    config.database("main").max_connections = most;
    pool_ = std::make_shared<DirectPool>(make_server(config));
    listener_->asked = pool_.get();
  }
  void TearDown() override { listener_->asked = nullptr; }

  [[nodiscard]] std::vector<DirectLease> borrow(std::size_t count) {
    std::vector<DirectLease> connections;
    for (std::size_t i = 0; i != count; ++i) {
      TimePoint now = Clock::now();
      auto one = pool_->acquire(now, now + 30s);
      if (!one) one.error().raise();
      connections.push_back(std::move(*one));
    }
    return connections;
  }
  void fill(std::size_t count) {
    for (DirectLease& connection : borrow(count)) connection.give_back();
  }
  void expect_closed(CloseReason reason, std::uint64_t count) {
    PoolStats stats;
    pool_->collect(stats);
    EXPECT_EQ(stats.closed_for(reason), count);
    EXPECT_EQ(stats.closed, listener_->told()) << "counters equal events";
  }

  test::FakeServer server_{test::FakeServer::simple()};
  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  std::shared_ptr<DirectPool> pool_{};
};

TEST_F(ClosedConnections, AreReportedWhenServerRoleChanges) {
  make();
  fill(3);
  pool_->role_changed(Clock::now(), "READONLY You can't write against a read only replica.");
  expect_closed(CloseReason::role, 3);
}

TEST_F(ClosedConnections, AreReportedAtShutdown) {
  make();
  std::vector<DirectLease> lent = borrow(3);
  lent[0].give_back();
  lent[1].give_back();
  pool_->stop();
  expect_closed(CloseReason::shutdown, 2);
  lent[2].give_back();
  expect_closed(CloseReason::shutdown, 3);
}

TEST_F(ClosedConnections, AreReportedWhenClosedToFreeCapacity) {
  make(1);
  fill(1);
  Other other;
  ASSERT_TRUE(pool_->acquire_grant(other));
  expect_closed(CloseReason::idle, 1);
  pool_->return_grant(other.kind);
  std::vector<DirectLease> lent = borrow(1);
  ASSERT_FALSE(pool_->acquire_grant(other));
  lent[0].give_back();
  expect_closed(CloseReason::idle, 2);
  EXPECT_EQ(other.grant, Waiter::Grant::capacity);
  pool_->return_grant(other.kind);
}

}  // namespace
}  // namespace redstart::inline v0::pool
