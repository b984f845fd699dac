// SPDX-License-Identifier: Apache-2.0
// history_check_test.cpp: checks of soak invariants on artificial histories.
#include <gtest/gtest.h>

#include "soak/checker/history_check.hpp"

namespace redstart::soak {
namespace {

Entry entry(Outcome outcome, std::uint16_t list = 1) {
  Entry e;
  e.list = list;
  e.outcome = outcome;
  e.completions = 1;
  e.on_wire = outcome == Outcome::not_sent ? 0 : 1;
  e.in_order = true;
  return e;
}

// Four operations, one of each outcome, with a consistent history.
class HistoryCheck : public ::testing::Test {
 protected:
  std::vector<Entry> entries{entry(Outcome::ok), entry(Outcome::indeterminate), entry(Outcome::not_sent),
                             entry(Outcome::server_error)};
  Lists lists{{1, {0}}};
  Violations violations{};

  void check() {
    check_completions(entries, violations);
    check_lists(entries, lists, violations);
    check_wire(entries, violations);
    check_order(entries, lists, violations);
  }
  void expect_only(std::string_view invariant) {
    check();
    EXPECT_EQ(violations.count(), 1U);
    EXPECT_EQ(violations.count(invariant), 1U) << violations.texts().front();
  }
};

TEST_F(HistoryCheck, AcceptsConsistentHistory) {
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(HistoryCheck, AcceptsIndeterminateThatRan) {
  lists[1] = {0, 1};
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(HistoryCheck, ReportsI1WithoutCompletion) {
  entries[1].completions = 0;
  expect_only("I1");
}

TEST_F(HistoryCheck, ReportsI1WithTwoCompletions) {
  entries[1].completions = 2;
  expect_only("I1");
}

TEST_F(HistoryCheck, ReportsI1WithoutOutcome) {
  entries[1].outcome = Outcome::pending;
  expect_only("I1");
}

TEST_F(HistoryCheck, ReportsI2WhenAcknowledgedWriteIsLost) {
  lists[1] = {};
  expect_only("I2");
}

TEST_F(HistoryCheck, ReportsI2WhenExecutedTwice) {
  lists[1] = {0, 1, 1};
  expect_only("I2");
}

TEST_F(HistoryCheck, AcceptsSecondExecutionIfAllowed) {
  entries[1].twice_allowed = true;
  lists[1] = {0, 1, 1};
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(HistoryCheck, ReportsI2WhenUnsentHasRun) {
  lists[1] = {0, 2};
  expect_only("I2");
}

TEST_F(HistoryCheck, ReportsI2WhenRefusedHasRun) {
  lists[1] = {0, 3};
  expect_only("I2");
}

TEST_F(HistoryCheck, ReportsI2ForForeignListElement) {
  lists[2] = {1};
  expect_only("I2");
}

TEST_F(HistoryCheck, ReportsI4WhenSentTwice) {
  entries[1].on_wire = 2;
  expect_only("I4");
}

TEST_F(HistoryCheck, AcceptsSecondSendIfAllowed) {
  entries[1].on_wire = 2;
  entries[1].most_on_wire = 3;
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(HistoryCheck, ReportsI4WhenAcknowledgedButNeverSent) {
  entries[0].on_wire = 0;
  expect_only("I4");
}

TEST_F(HistoryCheck, ReportsI5WhenOutOfOrder) {
  entries.push_back(entry(Outcome::ok));
  lists[1] = {4, 0};
  expect_only("I5");
}

TEST_F(HistoryCheck, AcceptsIndeterminateThatRanLate) {
  entries.push_back(entry(Outcome::ok));
  lists[1] = {0, 4, 1};
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST(CounterCheck, AllowsOnlyIndeterminateDifference) {
  Violations violations;
  check_counter("c", 10, 2, 10, violations);
  check_counter("c", 10, 2, 12, violations);
  EXPECT_EQ(violations.count(), 0U);
  check_counter("c", 10, 2, 9, violations);
  EXPECT_EQ(violations.count("I3"), 1U);
  check_counter("c", 10, 2, 13, violations);
  EXPECT_EQ(violations.count("I3"), 2U);
}

TEST(BankCheck, ReportsCreatedMoney) {
  Violations violations;
  check_bank({900, 1100}, 2000, violations);
  EXPECT_EQ(violations.count(), 0U);
  check_bank({901, 1100}, 2000, violations);
  EXPECT_EQ(violations.count("I8"), 1U);
}

class QueueCheck : public ::testing::Test {
 protected:
  std::vector<Entry> entries{entry(Outcome::ok), entry(Outcome::ok), entry(Outcome::indeterminate),
                             entry(Outcome::not_sent)};
  Violations violations{};
};

TEST_F(QueueCheck, AcceptsCompleteQueue) {
  check_queue(entries, 1, {{0}, {1}, 0}, violations);
  check_queue(entries, 1, {{0, 2}, {1}, 0}, violations);
  check_queue(entries, 1, {{0}, {}, 1}, violations);  // one element was lost with its reply
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(QueueCheck, ReportsI2WhenElementIsLost) {
  check_queue(entries, 1, {{0}, {}, 0}, violations);
  EXPECT_EQ(violations.count("I2"), 1U);
}

TEST_F(QueueCheck, ReportsI2WhenElementIsReturnedTwice) {
  check_queue(entries, 1, {{0, 0}, {1}, 0}, violations);
  EXPECT_EQ(violations.count("I2"), 1U);
}

TEST_F(QueueCheck, ReportsI2WhenUnsentElementIsReturned) {
  check_queue(entries, 1, {{0, 3}, {1}, 0}, violations);
  EXPECT_EQ(violations.count("I2"), 1U);
}

TEST_F(QueueCheck, ReportsI6ForForeignElement) {
  entries[1].list = 2;
  check_queue(entries, 1, {{0, 1}, {}, 0}, violations);
  EXPECT_EQ(violations.count("I6"), 1U);
}

TEST(Ledger, KeepsOutcomeOfEachNumber) {
  Ledger ledger(10'000);
  const auto first = ledger.issue({.list = 3, .in_order = true});
  const auto second = ledger.issue({});
  ledger.complete(second, Outcome::indeterminate);
  ledger.seen(second);
  ledger.seen(77'777);  // a number of another run
  const auto entries = ledger.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[first].list, 3);
  EXPECT_EQ(entries[first].completions, 0);
  EXPECT_EQ(entries[second].outcome, Outcome::indeterminate);
  EXPECT_EQ(entries[second].on_wire, 1);
}

TEST(Marks, RoundTrip) {
  EXPECT_EQ(marked(1234), "~00001234~");
  EXPECT_EQ(number_at(marked(1234) + "more"), 1234U);
  EXPECT_EQ(number_at("~0000123~"), std::nullopt);
  EXPECT_EQ(number_at("~0000 234~"), std::nullopt);
  EXPECT_EQ(number_at("00001234~~"), std::nullopt);
}

}  // namespace
}  // namespace redstart::soak
