// SPDX-License-Identifier: Apache-2.0
// exclusive_queue_test.cpp: order, expiry and openers of operations that wait for a connection.
#include "pool/exclusive_queue.hpp"
#include "support/start_time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace redstart::inline v0::pool {
namespace {

using test::start;
using namespace std::chrono_literals;

constexpr auto acquire = 5s;

struct Operation final : engine::OperationNode {
  Operation() : OperationNode({}) {}
  void accept(std::string_view, const engine::Origin&) noexcept override {}
  void finish(std::optional<Error>, const boost::asio::any_io_executor*) override {}
  void destroy() noexcept override {}
};

struct TestQueued final : QueuedOperation {
  TestQueued(engine::OperationNode& of, bool leases) : QueuedOperation(of, leases) {}
  void notify() noexcept override {}
};

class ExclusiveQueueTest : public ::testing::Test {
 protected:
  ~ExclusiveQueueTest() override {
    while (QueuedOperation* const first = queue_.front()) queue_.remove(*first);
  }

  TestQueued& push(TimePoint deadline = start + 1min, bool leases = false) {
    Operation& operation = operations_.emplace_back();
    operation.start = start;
    operation.deadline = deadline;
    operation.request.bytes.append("12345");
    TestQueued& queued = queued_.emplace_back(operation, leases);
    queue_.push(queued);
    return queued;
  }
  std::vector<QueuedOperation*> expire(TimePoint now, bool lacks_room = true) {
    std::vector<QueuedOperation*> ended;
    while (QueuedOperation* const one = queue_.expired(now, lacks_room)) {
      queue_.remove(*one);
      ended.push_back(one);
    }
    return ended;
  }

  std::deque<Operation> operations_{};
  std::deque<TestQueued> queued_{};
  ExclusiveQueue queue_{acquire};
};

using Gate = ExclusiveQueue::Gate;

TEST_F(ExclusiveQueueTest, ServesOperationsInOrderOfStart) {
  TestQueued& first = push();
  TestQueued& second = push();
  TestQueued& third = push();
  queue_.remove(second);
  EXPECT_EQ(queue_.front(), &first);
  queue_.remove(first);
  EXPECT_EQ(queue_.front(), &third);
  EXPECT_EQ(queue_.size(), 1U);
}

TEST_F(ExclusiveQueueTest, CountsBytesOfSingleOperationsOnly) {
  TestQueued& single = push();
  push(start + 1min, true);
  EXPECT_EQ(queue_.bytes(), 5U);
  queue_.remove(single);
  EXPECT_EQ(queue_.bytes(), 0U);
}

TEST_F(ExclusiveQueueTest, ExpiresOperationAtItsDeadline) {
  TestQueued& late = push(start + 2s);
  TestQueued& early = push(start + 1s);
  EXPECT_EQ(queue_.next_expiry(), start + 1s);
  EXPECT_TRUE(expire(start + 1s - 1ms).empty());
  EXPECT_EQ(expire(start + 1s), std::vector<QueuedOperation*>{&early});
  EXPECT_EQ(expire(start + 2s), std::vector<QueuedOperation*>{&late});
  EXPECT_EQ(queue_.next_expiry(), (TimePoint::max)());
}

TEST_F(ExclusiveQueueTest, ExpiresOperationThatLacksRoomForTooLong) {
  TestQueued& waiting = push();
  EXPECT_EQ(queue_.next_expiry(), start + acquire);
  EXPECT_EQ(expire(start + acquire), std::vector<QueuedOperation*>{&waiting});
}

TEST_F(ExclusiveQueueTest, KeepsOperationThatWaitsForServerUntilItsDeadline) {
  TestQueued& waiting = push(start + 12s);
  EXPECT_TRUE(expire(start + acquire, false).empty());
  EXPECT_EQ(queue_.next_expiry(), start + 2 * acquire) << "it may lack room then";
  EXPECT_TRUE(expire(start + 2 * acquire, false).empty());
  EXPECT_EQ(expire(start + 12s, false), std::vector<QueuedOperation*>{&waiting});
}

TEST_F(ExclusiveQueueTest, KeepsOperationDuringItsConnectAttempt) {
  TestQueued& starting = push();
  queue_.opener_began(starting);
  EXPECT_TRUE(expire(start + acquire).empty());
  EXPECT_EQ(queue_.opener_failed(start + 6s), &starting);
  EXPECT_EQ(expire(start + acquire), std::vector<QueuedOperation*>{&starting});
}

TEST_F(ExclusiveQueueTest, GivesEveryOperationGrantWhileConnectionsOpen) {
  EXPECT_EQ(queue_.allowance(), Capacity::unlimited);
  queue_.opener_began(push());
  queue_.opener_began(push());
  EXPECT_EQ(queue_.openers(), 2U);
  EXPECT_EQ(queue_.allowance(), Capacity::unlimited);
}

TEST_F(ExclusiveQueueTest, MakesOneAttemptAfterFailure) {
  TestQueued& first = push();
  TestQueued& second = push();
  queue_.opener_began(first);
  queue_.opener_began(second);
  EXPECT_EQ(queue_.opener_failed(start + 1s), &second) << "the first keeps what is nearest to being open";
  EXPECT_EQ(queue_.gate(), Gate::closed);
  EXPECT_EQ(queue_.allowance(), 0U);
  EXPECT_EQ(queue_.opener_failed(start + 2s), &first);
  EXPECT_EQ(queue_.retry_at(), start + 2s);
  queue_.postpone(start + 3s);
  EXPECT_EQ(queue_.retry_at(), start + 3s);
  queue_.retry();
  EXPECT_EQ(queue_.retry_at(), (TimePoint::max)());
  EXPECT_EQ(queue_.allowance(), 1U);
  queue_.opener_began(first);
  EXPECT_EQ(queue_.allowance(), 0U) << "the others wait for this attempt";
  EXPECT_EQ(queue_.opener_failed(start + 4s), &first);
  EXPECT_EQ(queue_.gate(), Gate::closed);
}

TEST_F(ExclusiveQueueTest, OpensGateWhenConnectionOpens) {
  TestQueued& first = push();
  queue_.opener_began(first);
  static_cast<void>(queue_.opener_failed(start + 1s));
  queue_.retry();
  queue_.opener_began(first);
  queue_.opener_succeeded();
  EXPECT_EQ(queue_.gate(), Gate::open);
  EXPECT_EQ(queue_.allowance(), Capacity::unlimited);
  EXPECT_EQ(queue_.openers(), 0U);
}

TEST_F(ExclusiveQueueTest, NeedsNoRetryWhileNobodyWaits) {
  TestQueued& only = push();
  queue_.opener_began(only);
  static_cast<void>(queue_.opener_failed(start + 1s));
  queue_.remove(only);
  EXPECT_EQ(queue_.retry_at(), (TimePoint::max)());
  push();
  EXPECT_EQ(queue_.retry_at(), start + 1s);
}

TEST_F(ExclusiveQueueTest, NeedsNoFurtherGrantAfterFailureOfSuperfluousOpener) {
  TestQueued& served = push();
  TestQueued& next = push();
  queue_.opener_began(served);
  queue_.opener_began(next);
  queue_.remove(served);  // it got a connection that another caller has returned
  EXPECT_EQ(queue_.opener_failed(start + 1s), nullptr) << "one opener is left for one operation";
  EXPECT_TRUE(next.starting);
  EXPECT_EQ(queue_.opener_failed(start + 1s), &next);
}

TEST_F(ExclusiveQueueTest, NeedsAnotherGrantIfItsOpenerServesAnEarlierOperation) {
  TestQueued& earlier = push();
  TestQueued& starting = push();
  queue_.opener_began(starting);
  queue_.opener_succeeded();
  queue_.remove(earlier);
  EXPECT_EQ(queue_.without_opener(), &starting);
  EXPECT_FALSE(starting.starting);
  EXPECT_EQ(queue_.without_opener(), nullptr);
}

TEST_F(ExclusiveQueueTest, RemembersOpenerOfRemovedOperation) {
  TestQueued& starting = push();
  queue_.opener_began(starting);
  queue_.remove(starting);
  EXPECT_TRUE(starting.starting) << "so that its grant is not returned twice";
  EXPECT_EQ(queue_.openers(), 1U);
}

}  // namespace
}  // namespace redstart::inline v0::pool
