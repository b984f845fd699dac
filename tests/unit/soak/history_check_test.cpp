// SPDX-License-Identifier: Apache-2.0
// history_check_test.cpp: each invariant of the soak is held against made-up histories that break it.
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

// Four operations, one of each outcome, as a good library leaves them.
class Histories : public ::testing::Test {
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

TEST_F(Histories, OfAGoodLibraryBreakNothing) {
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(Histories, WhatIsUnknownMayHaveRun) {
  lists[1] = {0, 1};
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(Histories, WithoutACompletionBreakI1) {
  entries[1].completions = 0;
  expect_only("I1");
}

TEST_F(Histories, WithTwoCompletionsBreakI1) {
  entries[1].completions = 2;
  expect_only("I1");
}

TEST_F(Histories, WithoutAnOutcomeBreakI1) {
  entries[1].outcome = Outcome::pending;
  expect_only("I1");
}

TEST_F(Histories, WithALostAcknowledgementBreakI2) {
  lists[1] = {};
  expect_only("I2");
}

TEST_F(Histories, WithSomethingDoneTwiceBreakI2) {
  lists[1] = {0, 1, 1};
  expect_only("I2");
}

TEST_F(Histories, WithSomethingDoneTwiceAsAskedForBreakNothing) {
  entries[1].twice_allowed = true;
  lists[1] = {0, 1, 1};
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(Histories, WhereWhatWasNotSentHasRunBreakI2) {
  lists[1] = {0, 2};
  expect_only("I2");
}

TEST_F(Histories, WhereARefusedOneHasRunBreakI2) {
  lists[1] = {0, 3};
  expect_only("I2");
}

TEST_F(Histories, WhereAListHoldsSomebodyElsesBreakI2) {
  lists[2] = {1};
  expect_only("I2");
}

TEST_F(Histories, WithASecondSendingBreakI4) {
  entries[1].on_wire = 2;
  expect_only("I4");
}

TEST_F(Histories, WithASecondSendingThatWasAllowedBreakNothing) {
  entries[1].on_wire = 2;
  entries[1].most_on_wire = 3;
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(Histories, WithAnAcknowledgementOfWhatWasNeverSentBreakI4) {
  entries[0].on_wire = 0;
  expect_only("I4");
}

TEST_F(Histories, OutOfOrderBreakI5) {
  entries.push_back(entry(Outcome::ok));
  lists[1] = {4, 0};
  expect_only("I5");
}

TEST_F(Histories, WhereWhatIsUnknownRanLateBreakNothing) {
  entries.push_back(entry(Outcome::ok));
  lists[1] = {0, 4, 1};
  check();
  EXPECT_EQ(violations.count(), 0U);
}

TEST(CounterCheck, AllowsWhatIsUnknownAndNothingElse) {
  Violations violations;
  check_counter("c", 10, 2, 10, violations);
  check_counter("c", 10, 2, 12, violations);
  EXPECT_EQ(violations.count(), 0U);
  check_counter("c", 10, 2, 9, violations);
  EXPECT_EQ(violations.count("I3"), 1U);
  check_counter("c", 10, 2, 13, violations);
  EXPECT_EQ(violations.count("I3"), 2U);
}

TEST(BankCheck, SeesMoneyThatWasMade) {
  Violations violations;
  check_bank({900, 1100}, 2000, violations);
  EXPECT_EQ(violations.count(), 0U);
  check_bank({901, 1100}, 2000, violations);
  EXPECT_EQ(violations.count("I8"), 1U);
}

class Queues : public ::testing::Test {
 protected:
  std::vector<Entry> entries{entry(Outcome::ok), entry(Outcome::ok), entry(Outcome::indeterminate),
                             entry(Outcome::not_sent)};
  Violations violations{};
};

TEST_F(Queues, ThatLoseNothingBreakNothing) {
  check_queue(entries, 1, {{0}, {1}, 0}, violations);
  check_queue(entries, 1, {{0, 2}, {1}, 0}, violations);
  check_queue(entries, 1, {{0}, {}, 1}, violations);  // one went with a lost reply
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(Queues, ThatLoseAnElementBreakI2) {
  check_queue(entries, 1, {{0}, {}, 0}, violations);
  EXPECT_EQ(violations.count("I2"), 1U);
}

TEST_F(Queues, ThatGiveAnElementTwiceBreakI2) {
  check_queue(entries, 1, {{0, 0}, {1}, 0}, violations);
  EXPECT_EQ(violations.count("I2"), 1U);
}

TEST_F(Queues, ThatGiveWhatWasNotSentBreakI2) {
  check_queue(entries, 1, {{0, 3}, {1}, 0}, violations);
  EXPECT_EQ(violations.count("I2"), 1U);
}

TEST_F(Queues, ThatGiveSomebodyElsesElementBreakI6) {
  entries[1].list = 2;
  check_queue(entries, 1, {{0, 1}, {}, 0}, violations);
  EXPECT_EQ(violations.count("I6"), 1U);
}

TEST(Ledger, KeepsWhatBecameOfEachNumber) {
  Ledger ledger(10'000);
  const auto first = ledger.issue({.list = 3, .in_order = true});
  const auto second = ledger.issue({});
  ledger.complete(second, Outcome::indeterminate);
  ledger.seen(second);
  ledger.seen(77'777);  // of another run
  const auto entries = ledger.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[first].list, 3);
  EXPECT_EQ(entries[first].completions, 0);
  EXPECT_EQ(entries[second].outcome, Outcome::indeterminate);
  EXPECT_EQ(entries[second].on_wire, 1);
}

TEST(Marks, AreReadBack) {
  EXPECT_EQ(marked(1234), "~00001234~");
  EXPECT_EQ(number_at(marked(1234) + "more"), 1234U);
  EXPECT_EQ(number_at("~0000123~"), std::nullopt);
  EXPECT_EQ(number_at("~0000 234~"), std::nullopt);
  EXPECT_EQ(number_at("00001234~~"), std::nullopt);
}

}  // namespace
}  // namespace redstart::soak
