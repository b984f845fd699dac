// SPDX-License-Identifier: Apache-2.0
// last_errors_test.cpp: the latest errors, one entry per code.
#include "pool/last_errors.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;

std::vector<Errc> codes(const LastErrors& errors) {
  std::vector<Errc> codes;
  for (const LastError& error : errors.list()) codes.push_back(error.code);
  return codes;
}

TEST(LastErrors, KeepsOtherKindsWhenOneRepeats) {
  LastErrors errors;
  errors.add(WallTime(1s), Errc::connect_refused, "nothing listens");
  for (int i = 0; i != 1000; ++i)
    errors.add(WallTime(2s + i * 1s), Errc::circuit_open, "open since " + std::to_string(i) + " s");
  ASSERT_EQ(codes(errors), (std::vector{Errc::connect_refused, Errc::circuit_open}));
  const LastError& cause = errors.list()[0];
  EXPECT_EQ(cause.count, 1U);
  EXPECT_EQ(cause.message, "nothing listens");
  EXPECT_EQ(cause.first, WallTime(1s));
  EXPECT_EQ(cause.time, WallTime(1s));
  const LastError& effect = errors.list()[1];
  EXPECT_EQ(effect.count, 1000U);
  EXPECT_EQ(effect.message, "open since 999 s") << "the newest";
  EXPECT_EQ(effect.first, WallTime(2s));
  EXPECT_EQ(effect.time, WallTime(1001s));
}

TEST(LastErrors, OrdersByLastOccurrence) {
  LastErrors errors;
  errors.add(WallTime(1s), Errc::timeout, "");
  errors.add(WallTime(2s), Errc::connection_lost, "");
  errors.add(WallTime(3s), Errc::connect_refused, "");
  errors.add(WallTime(4s), Errc::connection_lost, "");
  EXPECT_EQ(codes(errors), (std::vector{Errc::timeout, Errc::connect_refused, Errc::connection_lost}));
}

TEST(LastErrors, DropsLeastRecentBeyondLimit) {
  LastErrors errors;
  const std::vector all{Errc::timeout,         Errc::connection_lost,    Errc::connect_refused,
                        Errc::connect_timeout, Errc::connect_failed,     Errc::loading,
                        Errc::pool_timeout,    Errc::resource_exhausted, Errc::overloaded};
  ASSERT_EQ(all.size(), LastErrors::most + 1);
  for (const Errc code : all) {
    errors.add(WallTime(1s), code, "");
    errors.add(WallTime(2s), Errc::timeout, "");
  }
  EXPECT_EQ(errors.list().size(), LastErrors::most);
  EXPECT_EQ(errors.list().back().code, Errc::timeout);
  EXPECT_EQ(errors.list().front().code, Errc::connect_refused) << "connection_lost has gone";
}

}  // namespace
}  // namespace redstart::inline v0::pool
