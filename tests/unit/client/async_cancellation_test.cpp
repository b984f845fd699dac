// SPDX-License-Identifier: Apache-2.0
// async_cancellation_test.cpp: cancellation of operations at every stage.
#include "support/async_script_test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace redstart::test {
namespace {

using asio::cancellation_type;

class AsyncCancellation : public AsyncScript, public ::testing::WithParamInterface<cancellation_type> {
 protected:
  void start() {
    async_.results().incr("key")(
        asio::bind_cancellation_slot(signal_.slot(), [&](Result<std::int64_t> result) {
          held_in_handler_ = signal_.slot().has_handler();
          result_ = std::move(result);
          ++completions_;
        }));
  }
  [[nodiscard]] static bool leaves_no_effect() { return GetParam() == cancellation_type::total; }

  asio::cancellation_signal signal_{};
  std::optional<Result<std::int64_t>> result_{};
  int completions_ = 0;
  bool held_in_handler_ = false;
};

TEST_P(AsyncCancellation, CancelsQueuedCommand) {
  start();
  ASSERT_EQ(channel_->sent.size(), 1U);
  EXPECT_NE(channel_->sent[0].id, 0U);
  signal_.emit(GetParam());
  EXPECT_FALSE(result_) << "completed inside emit";
  run();
  ASSERT_EQ(channel_->cancelled.size(), 1U);
  EXPECT_EQ(channel_->cancelled[0].id, channel_->sent[0].id);
  EXPECT_EQ(channel_->cancelled[0].how,
            leaves_no_effect() ? engine::Cancellation::total : engine::Cancellation::terminal);
  EXPECT_EQ(result_->error().code(), Errc::cancelled);
  EXPECT_EQ(result_->error().effect(), Effect::not_sent);
  EXPECT_FALSE(held_in_handler_) << "the slot was not cleared before the completion";
}

TEST_P(AsyncCancellation, CancelsSentCommandIfTerminal) {
  channel_->frames = {":5\r\n"};
  channel_->written = true;
  start();
  signal_.emit(GetParam());
  run();
  if (leaves_no_effect()) {
    EXPECT_FALSE(result_);
    answer();
    EXPECT_EQ(result_->value(), 5);
  } else {
    EXPECT_EQ(result_->error().effect(), Effect::indeterminate);
  }
  EXPECT_EQ(completions_, 1);
}

TEST_P(AsyncCancellation, DoesNothingAfterCompletion) {
  channel_->frames = {":5\r\n"};
  start();
  answer();
  signal_.emit(GetParam());
  run();
  EXPECT_TRUE(channel_->cancelled.empty());
  EXPECT_EQ(result_->value(), 5);
  EXPECT_EQ(completions_, 1);
}

TEST_P(AsyncCancellation, DoesNothingBetweenReplyAndHandler) {
  channel_->frames = {":5\r\n"};
  start();
  channel_->answer_from_outside();  // posts the handler
  EXPECT_FALSE(result_);
  signal_.emit(GetParam());
  run();
  EXPECT_EQ(result_->value(), 5);
  EXPECT_EQ(completions_, 1);
}

TEST_P(AsyncCancellation, DoesNothingAfterCompletionInsideCall) {
  channel_->answers = Answers::inside_start;
  channel_->frames = {":5\r\n"};
  start();
  EXPECT_FALSE(result_);
  signal_.emit(GetParam());
  run();
  EXPECT_EQ(result_->value(), 5);
  EXPECT_EQ(completions_, 1);
}

TEST_P(AsyncCancellation, CancelsSuccessiveOperationsOnOneSlot) {
  channel_->frames = {":5\r\n"};
  start();
  answer();
  start();
  signal_.emit(GetParam());
  run();
  ASSERT_EQ(channel_->cancelled.size(), 1U);
  EXPECT_EQ(channel_->cancelled[0].id, channel_->sent.at(1).id);
  EXPECT_EQ(result_->error().code(), Errc::cancelled);
}

TEST_P(AsyncCancellation, DoesNothingAfterChannelDroppedOperations) {
  start();
  channel_->destroy_all();
  signal_.emit(GetParam());
  run();
  EXPECT_EQ(completions_, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, AsyncCancellation,
                         ::testing::Values(cancellation_type::terminal, cancellation_type::partial,
                                           cancellation_type::total),
                         [](const auto& kind) {
                           return std::string(kind.param == cancellation_type::terminal  ? "Terminal"
                                              : kind.param == cancellation_type::partial ? "Partial"
                                                                                         : "Total");
                         });

class AsyncCancelling : public AsyncScript {};

TEST_F(AsyncCancelling, AssignsNoIdWithoutConnectedSlot) {
  async_.incr("key")([](auto...) {});
  async_.incr("key")(asio::bind_cancellation_slot(asio::cancellation_slot(), [](auto...) {}));
  EXPECT_EQ(channel_->sent.at(0).id, 0U);
  EXPECT_EQ(channel_->sent.at(1).id, 0U);
}

TEST_F(AsyncCancelling, LeavesSlotEmptyWhenCommandIsRefused) {
  asio::cancellation_signal signal;
  async_.command<Ok>("SELECT", 1)(asio::bind_cancellation_slot(signal.slot(), [](auto...) {}));
  EXPECT_FALSE(signal.slot().has_handler());
  run();
}

TEST_F(AsyncCancelling, CancelsAwaitedOperationOfCoroutine) {
  asio::cancellation_signal signal;
  std::optional<Errc> code;
  asio::co_spawn(
      loop_,
      [&]() -> asio::awaitable<void> {
        try {
          static_cast<void>(co_await async_.incr("key"));
        } catch (const Error& error) {
          code = error.code();
        }
      },
      asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
  loop_.poll();
  ASSERT_EQ(channel_->waiting(), 1U);
  signal.emit(cancellation_type::terminal);
  run();
  EXPECT_EQ(code, Errc::cancelled);
}

}  // namespace
}  // namespace redstart::test
