// SPDX-License-Identifier: Apache-2.0
// lease_ledger_test.cpp: reporting of overdue leases.
#include "pool/lease_ledger.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;

constexpr CallSite here{"/home/ann/shop/src/checkout.cpp", 42};

TEST(LeaseLedger, ReportsEachOverdueLeaseOnce) {
  LeaseLedger ledger;
  LeaseLedger::Entry first;
  LeaseLedger::Entry second;
  ledger.began(first, TimePoint(0s));
  ledger.taken_at(first, here);
  ledger.began(second, TimePoint(20s));
  EXPECT_TRUE(ledger.overdue(TimePoint(30s), 30s).empty());
  const auto overdue = ledger.overdue(TimePoint(31s), 30s);
  ASSERT_EQ(overdue.size(), 1U);
  EXPECT_EQ(describe(overdue[0]), "held for 31.0 s, acquired at checkout.cpp:42");
  EXPECT_TRUE(ledger.overdue(TimePoint(40s), 30s).empty());
  EXPECT_EQ(ledger.overdue(TimePoint(60s), 30s).size(), 1U) << "the second; the first was already reported";
  EXPECT_TRUE(ledger.overdue(TimePoint(900s), 0s).empty());
}

TEST(LeaseLedger, ReportsOverdueLeaseOnReturn) {
  LeaseLedger ledger;
  LeaseLedger::Entry reported;
  LeaseLedger::Entry unreported;
  LeaseLedger::Entry quick;
  ledger.began(reported, TimePoint(0s));
  EXPECT_EQ(ledger.overdue(TimePoint(10s), 5s).size(), 1U);
  ledger.began(unreported, TimePoint(10s));
  ledger.began(quick, TimePoint(10s));
  LeaseLedger::Lease lease;
  EXPECT_FALSE(ledger.ended(reported, TimePoint(20s), 5s, lease));
  EXPECT_TRUE(ledger.ended(unreported, TimePoint(20s), 5s, lease));
  EXPECT_EQ(describe(lease), "held for 10.0 s, acquired at an unknown location");
  EXPECT_FALSE(ledger.ended(quick, TimePoint(12s), 5s, lease));
  EXPECT_TRUE(ledger.all(TimePoint(30s)).empty());
}

TEST(LeaseLedger, ReportsAgeOfOldestLease) {
  LeaseLedger ledger;
  LeaseLedger::Entry first;
  LeaseLedger::Entry second;
  ledger.began(first, TimePoint(0s));
  ledger.began(second, TimePoint(4s));
  PoolStats stats;
  ledger.collect(stats, TimePoint(10s));
  EXPECT_EQ(stats.oldest_lease, 10s);
  LeaseLedger::Lease lease;
  EXPECT_FALSE(ledger.ended(first, TimePoint(10s), 30s, lease));
  ledger.collect(stats, TimePoint(10s));
  EXPECT_EQ(stats.oldest_lease, 6s);
  EXPECT_FALSE(ledger.ended(second, TimePoint(10s), 30s, lease));
}

}  // namespace
}  // namespace redstart::inline v0::pool
