// SPDX-License-Identifier: Apache-2.0
// batch_test.cpp: what a batch knows of each of its commands.
#include <redstart/engine/batch.hpp>

#include <redstart/commands/session_state.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/core/queued.hpp>
#include <redstart/engine/channel.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::engine {
namespace {

class BatchOfThree : public ::testing::Test {
 protected:
  BatchOfThree() {
    add<std::string>("GET");
    add<Queued>("INCR");
    add<std::string>("GET");
  }
  template <class R>
  void add(std::string_view name) {
    const std::string_view key = "k";
    batch_.add(Command<R, std::string_view>(*lookup(name), key), [](const auto&...) {});
  }

  Batch batch_{};
};

TEST_F(BatchOfThree, KnowsBytesAndTraitsOfEachCommand) {
  ASSERT_EQ(batch_.size(), 3U);
  EXPECT_EQ(batch_.encoded(0), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_EQ(batch_.encoded(1), "*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n");
  const BatchEntry& incr = batch_.commands.entries[1];
  EXPECT_EQ(incr.retry, Retry::accumulating);
  EXPECT_TRUE(incr.shows_queued);
  EXPECT_EQ(batch_.commands.rows.row(incr.row).keys, keys::first);
  EXPECT_EQ(batch_.commands.rows.title(1), "INCR (command 2 of the pipeline)");
  EXPECT_EQ(batch_.commands.retry(), Retry::accumulating);
}

TEST_F(BatchOfThree, IsUnchangedWhenACommandIsRefused) {
  const std::string before(batch_.bytes.view());
  const std::string_view key = "k";
  const Command<Ok, std::string_view> select(*lookup("SELECT"), key);
  const auto refuse = [](const RequestTraits&, std::string_view) { throw std::runtime_error("no"); };
  EXPECT_THROW(batch_.add(select, refuse), std::runtime_error);
  EXPECT_EQ(batch_.bytes.view(), before);
  EXPECT_EQ(batch_.size(), 3U);
  EXPECT_EQ(batch_.traits.session, Session::none);
}

TEST_F(BatchOfThree, IsAnotherBatchAfterItWasCleared) {
  const std::uint64_t number = batch_.commands.rows.number();
  const BatchRows taken = std::move(batch_.commands.rows);
  batch_.clear();
  EXPECT_EQ(batch_.size(), 0U);
  add<std::string>("GET");
  EXPECT_NE(batch_.commands.rows.number(), number);
  EXPECT_EQ(taken.title(2), "GET (command 3 of the pipeline)");
}

class BatchFailure : public BatchOfThree {
 protected:
  static Error lost(Effect effect) {
    ErrorInfo info;
    info.code = Errc::connection_lost;
    info.effect = effect;
    return Error(std::move(info));
  }
  Replies replies_{};
};

TEST_F(BatchFailure, IsIndeterminateOnlyForCommandsWhoseLastByteWasSent) {
  const std::size_t sent = batch_.commands.entries[1].end - 1;
  fail_rest(replies_, batch_.commands, sent, lost(Effect::indeterminate));
  EXPECT_EQ(replies_.sent, 1U);
  EXPECT_EQ(replies_.failure(0)->effect(), Effect::indeterminate);
  EXPECT_EQ(replies_.failure(1)->effect(), Effect::not_sent);
  EXPECT_EQ(replies_.failure(2)->effect(), Effect::not_sent);
  EXPECT_EQ(replies_.failure(3), nullptr);
}

TEST_F(BatchFailure, LeavesAnsweredCommandsAlone) {
  replies_.frames.push_back({0, 4});
  fail_rest(replies_, batch_.commands, batch_.bytes.size(), lost(Effect::indeterminate));
  EXPECT_EQ(replies_.failure(0), nullptr);
  EXPECT_EQ(replies_.failure(1)->effect(), Effect::indeterminate);
  EXPECT_EQ(replies_.failure(2)->effect(), Effect::indeterminate);
}

TEST_F(BatchFailure, IsNotSentForAllIfNothingWasSent) {
  fail_rest(replies_, batch_.commands, batch_.bytes.size(), lost(Effect::not_sent));
  EXPECT_EQ(replies_.sent, 0U);
  for (std::size_t i = 0; i != 3; ++i) EXPECT_EQ(replies_.failure(i)->effect(), Effect::not_sent);
}

}  // namespace
}  // namespace redstart::inline v0::engine
