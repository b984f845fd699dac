// SPDX-License-Identifier: Apache-2.0
// connection_order_test.cpp: which HTTP connection is closed first.
#include "http/connection_order.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace redstart::http {
namespace {

std::vector<ConnectionOrder::Id> emptied(ConnectionOrder order) {
  std::vector<ConnectionOrder::Id> ids;
  while (const auto id = order.first()) {
    ids.push_back(*id);
    order.remove(*id);
  }
  return ids;
}

TEST(ConnectionOrder, OldestIdleConnectionIsFirst) {
  ConnectionOrder order;
  const auto a = order.add();
  const auto b = order.add();
  const auto c = order.add();
  EXPECT_EQ(emptied(order), (std::vector{a, b, c}));
  order.mark(a, false);
  EXPECT_EQ(emptied(order), (std::vector{b, c, a}));
}

TEST(ConnectionOrder, BusyConnectionsFollowIdleOnes) {
  ConnectionOrder order;
  const auto a = order.add();
  const auto b = order.add();
  const auto c = order.add();
  order.mark(b, true);
  order.mark(a, true);
  EXPECT_EQ(emptied(order), (std::vector{c, b, a}));
  EXPECT_EQ(order.first_idle(), c);
  order.remove(c);
  EXPECT_EQ(order.first_idle(), std::nullopt);
  EXPECT_EQ(order.first(), b);
}

TEST(ConnectionOrder, RemovedConnectionsStayRemoved) {
  ConnectionOrder order;
  const auto a = order.add();
  EXPECT_TRUE(order.remove(a));
  EXPECT_FALSE(order.remove(a));
  order.mark(a, true);
  EXPECT_EQ(order.size(), 0U);
  EXPECT_EQ(order.first(), std::nullopt);
  EXPECT_NE(order.add(), a);
}

}  // namespace
}  // namespace redstart::http
