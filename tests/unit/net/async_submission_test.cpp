// SPDX-License-Identifier: Apache-2.0
// async_submission_test.cpp: OperationQueue, and SubmissionStack between threads.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "net/submission.hpp"
#include "protocol/operation_queue.hpp"
#include "support/test_operation.hpp"

namespace redstart::inline v0::net {
namespace {

using test::TestOperation;

class SubmissionTest : public ::testing::Test {
 protected:
  ~SubmissionTest() override {
    for (TestOperation* node : nodes) node->destroy();
  }
  TestOperation& node(std::uint64_t id = 0) {
    nodes.push_back(&TestOperation::make({"PING"}, [](const test::Ending&) {}));
    return nodes.back()->known_as(id);
  }
  static std::vector<std::uint64_t> drained(protocol::OperationQueue& queue) {
    std::vector<std::uint64_t> ids;
    while (!queue.empty()) ids.push_back(queue.pop_front().id);
    return ids;
  }
  using Ids = std::vector<std::uint64_t>;

  std::vector<TestOperation*> nodes{};
};

TEST_F(SubmissionTest, QueueKeepsOrder) {
  protocol::OperationQueue queue;
  for (std::uint64_t id = 1; id <= 4; ++id) queue.push_back(node(id));
  EXPECT_EQ(drained(queue), (Ids{1, 2, 3, 4}));
}

TEST_F(SubmissionTest, QueueErasesAnyNode) {
  for (std::size_t gone = 0; gone < 3; ++gone) {
    protocol::OperationQueue queue;
    std::array<TestOperation*, 3> three{&node(1), &node(2), &node(3)};
    for (TestOperation* one : three) queue.push_back(*one);
    queue.erase(*three[gone]);
    Ids left{1, 2, 3};
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(gone));
    EXPECT_EQ(drained(queue), left);
  }
}

TEST_F(SubmissionTest, QueuePrependsAnother) {
  protocol::OperationQueue empty;
  protocol::OperationQueue first;
  protocol::OperationQueue second;
  first.push_back(node(1));
  first.push_back(node(2));
  second.push_back(node(3));
  second.prepend(std::move(first));
  second.prepend(protocol::OperationQueue());
  second.push_back(node(4));
  empty.prepend(std::move(second));
  empty.push_back(node(5));
  EXPECT_EQ(drained(empty), (Ids{1, 2, 3, 4, 5}));
}

TEST_F(SubmissionTest, StackReturnsOldestFirst) {
  SubmissionStack stack;
  EXPECT_TRUE(stack.empty());
  EXPECT_EQ(stack.take(), nullptr);
  for (std::uint64_t id = 1; id <= 3; ++id) stack.push(node(id));
  std::uint64_t expected = 0;
  for (const auto* one = stack.take(); one != nullptr; one = one->next) EXPECT_EQ(one->id, ++expected);
  EXPECT_EQ(expected, 3U);
  EXPECT_TRUE(stack.empty());
}

TEST_F(SubmissionTest, StackKeepsOrderOfEachThread) {
  constexpr std::size_t threads = 3;
  constexpr std::uint64_t each = 20'000;
  SubmissionStack stack;
  std::array<std::vector<TestOperation*>, threads> own;
  for (std::size_t t = 0; t < threads; ++t)
    for (std::uint64_t i = 0; i < each; ++i) own[t].push_back(&node(t * each + i));
  std::vector<std::jthread> pushers;
  for (auto& mine : own)
    pushers.emplace_back([&mine, &stack] {
      for (TestOperation* one : mine) stack.push(*one);
    });
  std::array<std::uint64_t, threads> next{};
  std::uint64_t seen = 0;
  while (seen < threads * each) {
    for (const auto* one = stack.take(); one != nullptr; one = one->next) {
      const auto thread = static_cast<std::size_t>(one->id / each);
      ASSERT_EQ(one->id % each, next[thread]++);
      ++seen;
    }
  }
}

}  // namespace
}  // namespace redstart::inline v0::net
