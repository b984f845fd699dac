// SPDX-License-Identifier: Apache-2.0
// link_operations_test.cpp: queues, retries, deadlines and ends of operations.
#include "protocol/link_operations.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/scripted_admission.hpp"
#include "support/scripted_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using protocol::LinkKind;
using protocol::Outcome;

class LinkOperationsTest : public ::testing::Test {
 protected:
  explicit LinkOperationsTest(LinkKind kind = LinkKind::shared)
      : context{settings, false, kind, 5s, status, &admission, admission.origin()},
        operations(context, nullptr) {
    context.now = TimePoint(1h);
  }
  ~LinkOperationsTest() override {
    protocol::OperationQueue rest;
    for (ScriptedOperation* const operation : flying) rest.push_back(*operation);
    operations.drop_all(std::move(rest));
    for (const auto& record : records) EXPECT_EQ(record->finished + record->destroyed, 1);
  }

  // Submits an operation.
  ScriptedOperation& make(const std::string& key) {
    ScriptedOperation& operation = ScriptedOperation::batch({{"GET", key}});
    operation.start = context.now;
    operation.deadline = context.now + 30s;
    status.submitted(operation.request.bytes.size());
    records.push_back(operation.record());
    return operation;
  }
  ScriptedOperation& accept(const std::string& key) {
    ScriptedOperation& operation = make(key);
    operations.accept(operation);
    return operation;
  }
  // Takes the whole queue in flight, and returns the bytes in order.
  std::vector<std::string> sent() {
    std::vector<std::string> bytes;
    while (!operations.queue_empty()) {
      flying.push_back(static_cast<ScriptedOperation*>(&operations.front()));
      bytes.emplace_back(operations.front().request.bytes.view());
      operations.take_front();
      flying.back()->sequence = ++sequence;
    }
    return bytes;
  }
  static std::vector<std::string> gets(const std::vector<std::string>& keys) {
    std::vector<std::string> bytes;
    for (const auto& key : keys) bytes.push_back(encoded({"GET", key}));
    return bytes;
  }
  // Completes what `sent` has taken.
  void complete_all() {
    for (ScriptedOperation* const operation : std::exchange(flying, {})) operations.complete(*operation);
  }
  std::vector<ScriptedOperation*> expired() {
    std::vector<ScriptedOperation*> all;
    context.wake_time = TimePoint::max();
    operations.expire([&](engine::OperationNode& node) {
      all.push_back(static_cast<ScriptedOperation*>(&node));
      operations.fail_unsent(node, {failure::not_sent_in_time(), CloseReason::timeout});
    });
    return all;
  }

  LiveSettings settings{DatabaseConfig{}};
  protocol::LinkStatus status{};
  ScriptedAdmission admission{};
  protocol::LinkContext context;
  protocol::LinkOperations operations;
  std::vector<OperationRecordPtr> records{};
  std::vector<ScriptedOperation*> flying{};
  std::uint64_t sequence = 0;
};

class ExclusiveOperationsTest : public LinkOperationsTest {
 protected:
  ExclusiveOperationsTest() : LinkOperationsTest(LinkKind::exclusive) {}
};

TEST_F(LinkOperationsTest, QueuesInOrderButPoolsOwnPingFirst) {
  accept("a");
  accept("b");
  operations.accept(make("ping").of_the_pool());
  accept("c");
  EXPECT_EQ(operations.alive(), 4U);
  EXPECT_EQ(sent(), gets({"ping", "a", "b", "c"}));
  EXPECT_EQ(operations.alive(), 4U);
  complete_all();
  EXPECT_EQ(operations.alive(), 0U);
  EXPECT_EQ(status.load().operations, 0U);
  EXPECT_EQ(status.load().bytes, 0U);
}

TEST_F(LinkOperationsTest, RequestsTimerForEarliestDeadline) {
  accept("late");
  const TimePoint before = std::exchange(context.wake_time, TimePoint::max());
  EXPECT_GE(before, context.now + 30s);
  operations.accept(make("early").until(context.now + 10ms));
  EXPECT_GT(context.wake_time, context.now + 10ms);
  EXPECT_LE(context.wake_time, context.now + 12ms);
}

TEST_F(LinkOperationsTest, ExpiresAfterDeadlineOnly) {
  operations.accept(make("a").until(context.now + 10ms));
  operations.accept(make("b").until(context.now + 50ms));
  context.now += 9ms;
  EXPECT_TRUE(expired().empty());
  context.now += 4ms;
  EXPECT_EQ(expired().size(), 1U);
  EXPECT_GT(context.wake_time, context.now);
  context.now += 40ms;
  EXPECT_EQ(expired().size(), 1U);
  EXPECT_TRUE(operations.queue_empty());
  EXPECT_TRUE(operations.finish_failed());
  for (const auto& record : records) EXPECT_EQ(record->code(), Errc::timeout);
}

TEST_F(LinkOperationsTest, FindsOperationUntilItEnds) {
  operations.accept(make("a").known_as(7));
  operations.accept(make("b").known_as(9));
  accept("c");
  EXPECT_EQ(operations.find(7), &operations.front());
  EXPECT_EQ(operations.find(8), nullptr);
  EXPECT_EQ(operations.find(0), nullptr) << "0 stands for no number";
  operations.fail_unsent(*operations.find(7), {failure::cancelled(Effect::not_sent), CloseReason::lost});
  EXPECT_EQ(operations.find(7), nullptr) << "it has failed, although it is not finished";
  sent();
  EXPECT_NE(operations.find(9), nullptr);
  complete_all();
  EXPECT_EQ(operations.find(9), nullptr);
  operations.finish_failed();
}

TEST_F(LinkOperationsTest, RejectedOperationEndsLikeOthers) {
  operations.reject(make("a").known_as(3), {failure::closed(), CloseReason::shutdown});
  EXPECT_EQ(operations.alive(), 1U);
  EXPECT_EQ(operations.find(3), nullptr);
  EXPECT_TRUE(operations.finish_failed());
  EXPECT_EQ(operations.alive(), 0U);
  EXPECT_EQ(records[0]->code(), Errc::closed);
  EXPECT_FALSE(operations.finish_failed());
}

TEST_F(LinkOperationsTest, DelayedRetryKeepsDeadline) {
  const TimePoint deadline = context.now + 1s;
  operations.accept(make("a").until(deadline));
  sent();
  flying[0]->answered = 1;
  operations.retry(*flying[0], 100ms);
  EXPECT_TRUE(operations.queue_empty());
  EXPECT_EQ(flying[0]->sequence, 0U);
  EXPECT_EQ(flying[0]->answered, 0U);
  context.now += 99ms;
  EXPECT_TRUE(expired().empty());
  EXPECT_TRUE(operations.queue_empty());
  context.now += 4ms;
  EXPECT_TRUE(expired().empty());
  ASSERT_FALSE(operations.queue_empty());
  EXPECT_EQ(operations.front().deadline, deadline);
  EXPECT_FALSE(operations.front().delayed);
  context.now = deadline + 3ms;
  EXPECT_EQ(expired().size(), 1U);
  flying.clear();
}

TEST_F(LinkOperationsTest, RetryWithoutDelayIsQueuedLast) {
  accept("a");
  sent();
  accept("b");
  operations.retry(*std::exchange(flying, {})[0], 0ms);
  EXPECT_EQ(sent(), gets({"b", "a"}));
}

TEST_F(LinkOperationsTest, LostOperationsAreQueuedFirst) {
  accept("a");
  accept("b");
  sent();
  accept("c");
  protocol::OperationQueue again;
  for (ScriptedOperation* const operation : std::exchange(flying, {})) again.push_back(*operation);
  operations.retry_first(std::move(again));
  EXPECT_EQ(sent(), gets({"a", "b", "c"}));
}

TEST_F(LinkOperationsTest, DelayedOperationCanFail) {
  operations.accept(make("a").known_as(1));
  accept("b");
  sent();
  for (ScriptedOperation* const operation : std::exchange(flying, {})) operations.retry(*operation, 50ms);
  operations.fail_unsent(*operations.find(1), {failure::cancelled(Effect::not_sent), CloseReason::lost});
  operations.fail_queue({failure::unavailable(), CloseReason::lost});
  operations.finish_failed();
  EXPECT_TRUE(records[0]->ended());
  EXPECT_FALSE(records[1]->ended()) << "it is not in the queue";
  operations.end_delays();
  operations.fail_queue({failure::unavailable(), CloseReason::lost});
  operations.finish_failed();
  EXPECT_EQ(records[1]->code(), Errc::unavailable);
  EXPECT_EQ(operations.alive(), 0U);
}

TEST_F(LinkOperationsTest, FailedQueueIsNotSent) {
  accept("a");
  accept("b");
  operations.fail_queue({failure::timed_out(Effect::indeterminate), CloseReason::timeout});
  EXPECT_TRUE(operations.queue_empty());
  operations.finish_failed();
  for (const auto& record : records) EXPECT_EQ(record->effect(), Effect::not_sent);
}

TEST_F(LinkOperationsTest, FailsOnlyOperationsStartedUntilThen) {
  const TimePoint begin = context.now;
  for (const char* const key : {"a", "b", "c", "d"}) {
    accept(key);
    context.now += 1s;
  }
  EXPECT_EQ(operations.fail_queue({failure::unavailable(), CloseReason::lost}, begin + 1s), begin + 2s);
  operations.finish_failed();
  EXPECT_TRUE(records[0]->ended());
  EXPECT_TRUE(records[1]->ended());
  EXPECT_EQ(sent(), gets({"c", "d"}));
  EXPECT_EQ(operations.fail_queue({failure::unavailable(), CloseReason::lost}, context.now), std::nullopt);
}

TEST_F(LinkOperationsTest, ContinuesBehindHandlerThatThrows) {
  for (int i = 0; i != 5; ++i)
    operations.accept(make(std::to_string(i)).then([] { throw std::runtime_error("from a handler"); }));
  operations.fail_queue({failure::unavailable(), CloseReason::lost});
  for (std::size_t i = 0; i != 5; ++i) {
    EXPECT_THROW(operations.finish_failed(), std::runtime_error);
    EXPECT_EQ(operations.alive(), 4 - i);
    for (std::size_t k = 0; k != 5; ++k) EXPECT_EQ(records[k]->ended(), k <= i);
  }
  operations.finish_failed();
}

TEST_F(LinkOperationsTest, FinishesOnlyFailuresFromBeforeTheCall) {
  operations.accept(make("a").then([this] {
    accept("b");
    operations.fail_queue({failure::unavailable(), CloseReason::lost});
  }));
  operations.fail_queue({failure::unavailable(), CloseReason::lost});
  EXPECT_TRUE(operations.finish_failed());
  EXPECT_TRUE(records[0]->ended());
  EXPECT_FALSE(records[1]->ended()) << "a handler that repeats a failed call must not keep the turn";
  EXPECT_TRUE(operations.finish_failed());
  EXPECT_TRUE(records[1]->ended());
}

TEST_F(LinkOperationsTest, RevokedOperationIsDestroyedInsteadOfFinished) {
  const bool revoked = true;
  operations.accept(make("a").revocable_by(revoked));
  operations.accept(make("b").revocable_by(revoked));
  operations.drop_revoked_front();
  operations.fail_queue({failure::unavailable(), CloseReason::lost});
  operations.finish_failed();
  for (const auto& record : records) EXPECT_EQ(record->destroyed, 1);
  EXPECT_EQ(admission.failures, 0U) << "its caller has reported the failure";
  EXPECT_EQ(operations.alive(), 0U);
  EXPECT_EQ(status.load().operations, 0U);
}

TEST_F(LinkOperationsTest, OperationWithoutCommandIsFinishedLater) {
  operations.accept(make("a").known_as(5).until(context.now + 10ms));
  operations.front_is_connected();
  EXPECT_TRUE(operations.queue_empty());
  EXPECT_EQ(operations.find(5), nullptr);
  context.now += 1s;
  EXPECT_TRUE(expired().empty()) << "it has what it waited for";
  EXPECT_FALSE(records[0]->ended());
  EXPECT_TRUE(operations.finish_connected());
  EXPECT_TRUE(records[0]->succeeded());
  EXPECT_FALSE(operations.finish_connected());
}

TEST_F(LinkOperationsTest, HandsOverQueueExceptPoolsOwnPing) {
  accept("a");
  operations.accept(make("ping").of_the_pool());
  operations.accept(make("b").known_as(2));
  auto released = operations.release_queue();
  EXPECT_EQ(operations.alive(), 1U);
  EXPECT_EQ(operations.find(2), nullptr);
  EXPECT_EQ(sent(), gets({"ping"}));
  std::vector<std::string> bytes;
  while (!released.empty()) {
    auto& operation = static_cast<ScriptedOperation&>(released.pop_front());
    bytes.emplace_back(operation.request.bytes.view());
    EXPECT_FALSE(operation.due.is_linked());
    operation.destroy();
  }
  EXPECT_EQ(bytes, gets({"a", "b"}));
  EXPECT_EQ(status.load().operations, 1U);
}

TEST_F(LinkOperationsTest, ExtendsDeadlineInFlight) {
  operations.accept(make("a").until(context.now + 10ms));
  sent();
  operations.extend_deadline(*flying[0], 100ms);
  context.now += 50ms;
  EXPECT_TRUE(expired().empty());
  context.now += 65ms;
  int count = 0;
  operations.expire([&](engine::OperationNode&) { ++count; });
  EXPECT_EQ(count, 1);
  operations.extend_deadline(*flying[0], 100ms);  // it has expired: nothing to extend
  EXPECT_FALSE(flying[0]->due.is_linked());
  complete_all();
}

TEST_F(LinkOperationsTest, ProbeSucceedsWithItsReply) {
  admission.passes = false;
  admission.places = 1;
  ScriptedOperation& probe = accept("a");
  EXPECT_TRUE(admission.admit(probe, context.now));
  sent();
  complete_all();
  EXPECT_EQ(admission.probe_verdicts, std::vector{BreakerVerdict::success});
}

TEST_F(LinkOperationsTest, DroppedOperationsShowWhetherTheyMayHaveRun) {
  accept("failed");
  operations.fail_queue({failure::unavailable(), CloseReason::lost});
  accept("lost");
  sent();
  operations.fail(*std::exchange(flying, {})[0],
                  operations.failing({failure::timed_out(Effect::indeterminate), CloseReason::lost}));
  accept("delayed");
  sent();
  operations.retry(*std::exchange(flying, {})[0], 1s);
  accept("connected");
  operations.front_is_connected();
  accept("queued");
  protocol::OperationQueue in_flight;
  in_flight.push_back(make("in flight"));
  in_flight.front().sequence = 8;
  operations.drop_all(std::move(in_flight));
  for (std::size_t i = 0; i != records.size(); ++i) {
    EXPECT_EQ(records[i]->destroyed, 1);
    EXPECT_EQ(records[i]->uncertain, i == 1) << i;
    EXPECT_EQ(records[i]->sequence != 0, i == 1 || i == 5) << i;
  }
  EXPECT_EQ(operations.alive(), 0U);
}

TEST_F(LinkOperationsTest, SharedLinkIsIdleOnRequestOnly) {
  EXPECT_FALSE(operations.take_idle());
  accept("a");
  operations.want_idle();
  EXPECT_FALSE(operations.take_idle());
  sent();
  complete_all();
  EXPECT_TRUE(operations.take_idle());
  EXPECT_FALSE(operations.take_idle());
}

TEST_F(ExclusiveOperationsTest, ReportsIdleAfterEachLastOperation) {
  accept("a");
  accept("b");
  sent();
  const auto taken = std::exchange(flying, {});
  operations.complete(*taken[0]);
  EXPECT_FALSE(operations.take_idle());
  operations.complete(*taken[1]);
  EXPECT_TRUE(operations.take_idle());
  EXPECT_EQ(admission.endings, 2U);
}

TEST_F(ExclusiveOperationsTest, ReportsEndBeforeHandlerRuns) {
  std::size_t endings = 0;
  operations.accept(make("a").then([&] { endings = admission.endings; }));
  sent();
  complete_all();
  EXPECT_EQ(endings, 1U) << "the pool must know before the handler asks for the next connection";
}

}  // namespace
}  // namespace redstart::test
