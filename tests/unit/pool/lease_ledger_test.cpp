// SPDX-License-Identifier: Apache-2.0
// lease_ledger_test.cpp: who is told of as having kept a connection for too long, with a clock of its own.
#include "pool/lease_ledger.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart::pool {
namespace {

using namespace std::chrono_literals;
using Time = net::Time;

constexpr CallSite here{"/home/ann/shop/src/checkout.cpp", 42};

TEST(LeaseLedger, TellsOfEachOnceAndOnlyBeyondTheLimit) {
  LeaseLedger ledger;
  LeaseLedger::Entry first;
  LeaseLedger::Entry second;
  ledger.began(first, Time(0s));
  ledger.taken_at(first, here);
  ledger.began(second, Time(20s));
  EXPECT_TRUE(ledger.overdue(Time(30s), 30s).empty());
  const auto overdue = ledger.overdue(Time(31s), 30s);
  ASSERT_EQ(overdue.size(), 1U);
  EXPECT_EQ(describe(overdue[0]), "kept for 31.0 s, taken at checkout.cpp:42");
  EXPECT_TRUE(ledger.overdue(Time(40s), 30s).empty());
  EXPECT_EQ(ledger.overdue(Time(60s), 30s).size(), 1U) << "the second; the first has been told";
  EXPECT_TRUE(ledger.overdue(Time(900s), 0s).empty());
}

TEST(LeaseLedger, TellsAtTheEndWhatNobodyHasLookedAtBefore) {
  LeaseLedger ledger;
  LeaseLedger::Entry told;
  LeaseLedger::Entry untold;
  LeaseLedger::Entry quick;
  ledger.began(told, Time(0s));
  EXPECT_EQ(ledger.overdue(Time(10s), 5s).size(), 1U);
  ledger.began(untold, Time(10s));
  ledger.began(quick, Time(10s));
  LeaseLedger::Lease lease;
  EXPECT_FALSE(ledger.ended(told, Time(20s), 5s, lease));
  EXPECT_TRUE(ledger.ended(untold, Time(20s), 5s, lease));
  EXPECT_EQ(describe(lease), "kept for 10.0 s, taken at an unknown place");
  EXPECT_FALSE(ledger.ended(quick, Time(12s), 5s, lease));
  EXPECT_TRUE(ledger.all(Time(30s)).empty());
}

TEST(LeaseLedger, KnowsTheAgeOfTheOldest) {
  LeaseLedger ledger;
  LeaseLedger::Entry first;
  LeaseLedger::Entry second;
  ledger.began(first, Time(0s));
  ledger.began(second, Time(4s));
  PoolStats stats;
  ledger.collect(stats, Time(10s));
  EXPECT_EQ(stats.oldest_lease, 10s);
  LeaseLedger::Lease lease;
  EXPECT_FALSE(ledger.ended(first, Time(10s), 30s, lease));
  ledger.collect(stats, Time(10s));
  EXPECT_EQ(stats.oldest_lease, 6s);
  EXPECT_FALSE(ledger.ended(second, Time(10s), 30s, lease));
}

}  // namespace
}  // namespace redstart::pool
