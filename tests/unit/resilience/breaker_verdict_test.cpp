// SPDX-License-Identifier: Apache-2.0
// breaker_verdict_test.cpp: which outcomes count as failures for the breaker.
#include "resilience/breaker_verdict.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace redstart {
namespace {

Error error_with(Errc code, Effect effect, std::string server = {}) {
  ErrorInfo info;
  info.code = code;
  info.effect = effect;
  info.server = std::move(server);
  return Error(std::move(info));
}

TEST(BreakerVerdict, CountsOnlyTimeoutsAndLostConnectionsAsFailures) {
  std::map<BreakerVerdict, int> seen;
  for (int i = 0; to_string(static_cast<Errc>(i)) != "unknown"; ++i) {
    const auto code = static_cast<Errc>(i);
    const bool failure =
        code == Errc::timeout || code == Errc::connection_lost || code == Errc::protocol_error;
    const bool success = code == Errc::server_error || code == Errc::decode_error;
    const BreakerVerdict expected = failure   ? BreakerVerdict::failure
                                    : success ? BreakerVerdict::success
                                              : BreakerVerdict::nothing;
    EXPECT_EQ(verdict(code), expected) << to_string(code);
    ++seen[verdict(code)];
  }
  EXPECT_EQ(seen[BreakerVerdict::failure], 3);
  EXPECT_EQ(seen[BreakerVerdict::success], 2);
  EXPECT_EQ(seen[BreakerVerdict::nothing], 22);
}

TEST(BreakerVerdict, CountsAnyReplyAsSuccess) {
  for (const char* const words : {"WRONGTYPE Operation against a key", "OOM command not allowed",
                                  "MASTERDOWN Link with MASTER is down"})
    EXPECT_EQ(verdict(error_with(Errc::server_error, Effect::server_error, words)), BreakerVerdict::success)
        << words;
}

TEST(BreakerVerdict, IgnoresLoading) {
  EXPECT_EQ(verdict(error_with(Errc::server_error, Effect::not_sent,
                               "LOADING Redis is loading the dataset in memory")),
            BreakerVerdict::nothing);
  EXPECT_EQ(verdict(error_with(Errc::loading, Effect::not_sent)), BreakerVerdict::nothing);
}

TEST(BreakerVerdict, IgnoresTimeoutOfUnsentCommand) {
  EXPECT_EQ(verdict(error_with(Errc::timeout, Effect::not_sent)), BreakerVerdict::nothing);
  EXPECT_EQ(verdict(error_with(Errc::timeout, Effect::indeterminate)), BreakerVerdict::failure);
}

}  // namespace
}  // namespace redstart
