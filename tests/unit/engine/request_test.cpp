// SPDX-License-Identifier: Apache-2.0
// request_test.cpp: traits of requests and batches.
#include <redstart/engine/request.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <redstart/client/owned_command.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/engine/owned_request.hpp>
#include <string_view>

namespace redstart::inline v0::engine {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

RequestTraits batch_of(std::initializer_list<std::optional<milliseconds>> times) {
  RequestTraits traits{"pipeline"};
  for (const auto& time : times) traits.add(ReplyOf::plain_command, Session::none, time);
  return traits;
}

TEST(RequestTraits, SumBlockingTimesOfBatch) {
  EXPECT_EQ(batch_of({std::nullopt, std::nullopt}).blocks_for, std::nullopt);
  EXPECT_EQ(batch_of({1s, std::nullopt, 2s}).blocks_for, 3s);
}

TEST(RequestTraits, BlockWithoutLimitIfOneCommandDoes) {
  EXPECT_EQ(batch_of({1s, 0ms}).blocks_for, 0ms);
  EXPECT_EQ(batch_of({0ms, 1s}).blocks_for, 0ms);
}

TEST(RequestTraits, NeverWrapBlockingTimes) {
  EXPECT_EQ(batch_of({milliseconds::max()}).blocks_for, no_limit);
  EXPECT_EQ(batch_of({milliseconds::max(), milliseconds::max(), 1s}).blocks_for, no_limit);
}

TEST(RequestTraits, TreatNegativeBlockingTimeAsShort) {
  for (const milliseconds time : {-1ms, milliseconds::min()}) {
    const auto traits = batch_of({time, 1s});
    EXPECT_GE(traits.blocks_for, 1s);
    EXPECT_LE(traits.blocks_for, 2s) << "the server refuses the first at once";
  }
}

// A row may be a temporary, so nothing may refer to it.
TEST(RequestTraits, HoldKeysAndSpreadByValue) {
  std::optional<Request> request;
  std::optional<OwnedRequest> owned;
  {
    const CommandInfo row{.name = "MY.MGET", .keys = keys::all, .spread = {Target::each_slot, Join::by_key}};
    const std::string_view key = "k";
    const Command<Ok, std::string_view> command(row, key);
    request.emplace(command);
    owned.emplace(command);
  }
  EXPECT_EQ(request->traits().keys, keys::all);
  EXPECT_EQ(request->traits().spread, (Spread{Target::each_slot, Join::by_key}));
  EXPECT_EQ(owned->traits.keys, keys::all);
  EXPECT_EQ(owned->traits.spread, (Spread{Target::each_slot, Join::by_key}));
}

TEST(RequestTraits, OfAnOwnedCommandHoldKeysAndSpread) {
  const auto command = cmd.mget("a", "b");
  EXPECT_EQ(command.request().traits().keys, keys::all);
  const auto call = command.owned_request();
  EXPECT_EQ(call.traits.keys, keys::all);
  EXPECT_EQ(call.traits.spread, (Spread{Target::each_slot, Join::by_key}));
}

}  // namespace
}  // namespace redstart::inline v0::engine
