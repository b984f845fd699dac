// SPDX-License-Identifier: Apache-2.0
// async_scoped_client_test.cpp: asynchronous scoped and optional handles.
#include <redstart/client/async_operations.hpp>

#include "support/async_script_test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

class AsyncScoped : public AsyncScript {
 protected:
  AsyncScoped() { lease_->answers = Answers::in_a_turn; }

  /// Returns a scoped client on `lease_`, which only that client then owns.
  AsyncScopedClient borrow() {
    channel_->next_lease = std::move(lease_);
    AsyncScopedClient scoped;
    lease_operation(channel_)([&](std::exception_ptr error, AsyncScopedClient got) {
      EXPECT_FALSE(error);
      scoped = std::move(got);
    });
    EXPECT_FALSE(scoped);
    run();
    return scoped;
  }

  std::shared_ptr<ScriptedAsyncChannel> lease_ =
      std::make_shared<ScriptedAsyncChannel>(loop_.get_executor(), engine::Exclusive::yes);
};

TEST_F(AsyncScoped, AllowsCommandsThatChangeConnection) {
  ScriptedAsyncChannel& lease = *lease_;
  lease.frames = {"+OK\r\n", "+OK\r\n", "+OK\r\n"};
  const AsyncScopedClient scoped = borrow();
  ASSERT_TRUE(scoped);
  int completed = 0;
  const auto count = [&](std::exception_ptr error, auto) {
    EXPECT_FALSE(error);
    ++completed;
  };
  scoped.set("key", "value")(count);
  run();
  { const auto dropped = scoped.select(3); }
  EXPECT_TRUE(lease.changes.empty());
  scoped.select(3)(count);
  scoped.exec(cmd.command<Ok>("WATCH", "key"))(count);
  run();
  using Changes = std::vector<std::pair<Session, std::string>>;
  EXPECT_EQ(lease.changes, (Changes{{Session::database, "+OK\r\n"}, {Session::transaction, "+OK\r\n"}}));
  EXPECT_EQ(completed, 3);
  EXPECT_EQ(lease.sent.size(), 3U);
  static_assert(!std::is_copy_constructible_v<AsyncScopedClient>);
}

TEST_F(AsyncScoped, ReturnsConnectionAfterLastOperation) {
  const std::weak_ptr<ScriptedAsyncChannel> lease = lease_;
  lease_->answers = Answers::when_told;
  lease_->frames = {":1\r\n"};
  std::int64_t value = 0;
  {
    const AsyncScopedClient scoped = borrow();
    scoped.incr("key")([&](std::exception_ptr, std::int64_t got) { value = got; });
  }
  ASSERT_FALSE(lease.expired());
  asio::post(loop_, [&] { lease.lock()->answer(); });
  run();
  EXPECT_EQ(value, 1);
  EXPECT_TRUE(lease.expired());
}

TEST_F(AsyncScoped, ReturnsUnusedConnection) {
  const std::weak_ptr<ScriptedAsyncChannel> lease = lease_;
  static_cast<void>(borrow());
  EXPECT_TRUE(lease.expired());
}

TEST_F(AsyncScoped, HasItsOwnTimeLimit) {
  ScriptedAsyncChannel& lease = *lease_;
  AsyncScopedClient scoped = borrow();
  scoped.set_timeout(30ms);
  scoped.incr("key")([](auto...) {});
  run();
  EXPECT_EQ(lease.sent.at(0).timeout, 30ms);
  EXPECT_EQ(scoped.database(), "main");
  EXPECT_EQ(scoped.endpoint(), "scripted:1");
  EXPECT_TRUE(scoped.get_executor() == asio::any_io_executor(loop_.get_executor()));
}

TEST_F(AsyncScoped, CompletesLeaseWithItsError) {
  channel_->failure = engine_error(Errc::pool_timeout, Effect::not_sent);
  std::exception_ptr error;
  lease_operation(channel_)([&](std::exception_ptr got, AsyncScopedClient scoped) {
    error = got;
    EXPECT_FALSE(scoped);
  });
  run();
  EXPECT_THROW(std::rethrow_exception(error), Unavailable);
}

TEST_F(AsyncScoped, ReturnsConnectionGrantedWithError) {
  const std::weak_ptr<ScriptedAsyncChannel> lease = lease_;
  detail::LeaseReceiver receiver{detail::LeaseReceiver::Seed{}};
  receiver.grant(std::move(lease_));
  receiver.fail(engine_error(Errc::cancelled, Effect::not_sent));
  EXPECT_FALSE(receiver.value);
  EXPECT_TRUE(lease.expired());
}

TEST_F(AsyncScoped, CanBeAwaited) {
  lease_->frames = {"+OK\r\n", "$-1\r\n"};
  channel_->next_lease = lease_;
  bool ended = false;
  asio::co_spawn(
      loop_,
      [&]() -> asio::awaitable<void> {
        const AsyncScopedClient scoped = co_await lease_operation(channel_, 1s);
        static_cast<void>(co_await scoped.select(2));
        EXPECT_EQ(co_await scoped.get("key"), std::nullopt);
        ended = true;
      },
      [](std::exception_ptr error) { EXPECT_FALSE(error); });
  run();
  EXPECT_TRUE(ended);
}

class AsyncReachable : public AsyncScript {
 protected:
  struct Outcome {
    std::exception_ptr error{};
    std::optional<AsyncClient> client{};
  };
  Outcome ask() {
    Outcome outcome;
    reachable_operation(channel_, 50ms)([&](std::exception_ptr error, std::optional<AsyncClient> client) {
      outcome = {error, std::move(client)};
    });
    EXPECT_FALSE(outcome.client);
    answer();
    return outcome;
  }
};

TEST_F(AsyncReachable, CompletesWithClientWhenConnectionIsReady) {
  const Outcome outcome = ask();
  EXPECT_FALSE(outcome.error);
  ASSERT_TRUE(outcome.client);
  EXPECT_EQ(outcome.client->database(), "main");
  EXPECT_EQ(channel_->sent.at(0).replies, 0U);
  EXPECT_EQ(channel_->sent.at(0).bytes, "");
  EXPECT_EQ(channel_->sent.at(0).timeout, 50ms);
}

TEST_F(AsyncReachable, CompletesEmptyWhenDatabaseIsUnavailable) {
  channel_->failure = engine_error(Errc::connect_refused, Effect::not_sent);
  const Outcome outcome = ask();
  EXPECT_FALSE(outcome.error);
  EXPECT_FALSE(outcome.client);
}

TEST_F(AsyncReachable, CompletesWithErrorsUnrelatedToDatabase) {
  channel_->failure = engine_error(Errc::cancelled, Effect::not_sent);
  const Outcome outcome = ask();
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(error_in(outcome.error).code(), Errc::cancelled);
  EXPECT_FALSE(outcome.client);
}

}  // namespace
}  // namespace redstart::test
