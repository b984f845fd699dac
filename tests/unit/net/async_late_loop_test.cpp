// SPDX-License-Identifier: Apache-2.0
// async_late_loop_test.cpp: deadlines on a blocked loop or in a stopped process.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

TEST(AsyncLateLoop, DoesNotSendOperationExpiredDuringLongHandler) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "first"}, [&](const Ending&) {
    link.submit(TestOperation::make({"ECHO", "late"}, link.into(0)).within(5ms));
    link.submit(TestOperation::make({"ECHO", "in time"}, link.into(1)));
    let_pass(20ms);
  }));
  ASSERT_TRUE(link.run_to_end(2));
  ASSERT_TRUE(link.endings.at(0)->error);
  EXPECT_EQ(link.endings[0]->error->code(), Errc::timeout);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
  EXPECT_FALSE(link.endings.at(1)->error);
  EXPECT_EQ(server.count("ECHO"), 2U);
}

// The timer has fired and a reply has arrived; the loop runs the timer first.
TEST(AsyncLateLoop, ReadsArrivedRepliesBeforeCheckingDeadlines) {
  Gate late;
  std::atomic<bool> asked{false};
  std::atomic<bool> answered{false};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      asked = true;
      connection.wait(late);
      connection.send(echo(words));
      answered = true;
      return {};
    });
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  TestOperation& operation = TestOperation::make({"ECHO", "late"}, link.into(0)).within(2s);
  const auto deadline = operation.deadline;
  link.submit(operation);
  ASSERT_TRUE(link.run_until([&] { return asked.load(); }));
  boost::asio::steady_timer earlier(*link.context, Clock::now());
  earlier.async_wait([&](const boost::system::error_code&) {
    late.open();
    EXPECT_TRUE(eventually([&] { return answered.load(); }));
  });
  let_pass(deadline + 10ms - Clock::now());  // the loop does not run
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error) << link.endings[0]->error->what();
}

// As if the process were stopped between checking the deadline and sending.
TEST(AsyncLateLoop, KeepsRemainingTimeOfCommandSentLate) {
  Gate answer;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) {
      connection.wait(answer);
      return echo(words);
    });
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  TestOperation& operation = TestOperation::make({"ECHO", "late"}, link.into(0)).within(2s);
  const auto deadline = operation.deadline;
  bool held = false;
  link.owner->on_pass = [&] {
    if (!std::exchange(held, true)) let_pass(deadline + 10ms - Clock::now());
  };
  link.submit(operation);
  ASSERT_TRUE(link.run_until([&] { return server.count("ECHO") == 1; }));
  ASSERT_TRUE(link.run_until([&] { return Clock::now() > deadline + 200ms; }));
  EXPECT_EQ(link.ended, 0U);
  answer.open();
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error) << link.endings[0]->error->what();
  EXPECT_TRUE(link.owner->verdicts.empty()) << "nothing for a circuit breaker";
}

// An operation whose caller gave it up before it was sent and reported that.
class Revoked final : public engine::OperationNode {
 public:
  explicit Revoked(int& destroyed) : OperationNode({}), destroyed_(destroyed) {
    request.bytes.append("*1\r\n$4\r\nINCR\r\n");
    start = Clock::now();
    deadline = start + 30s;
    revocable = true;
  }
  bool claim() noexcept override { return false; }
  void accept(std::string_view, const engine::Origin&) noexcept override { ADD_FAILURE() << "was sent"; }
  void finish(std::optional<Error>, const boost::asio::any_io_executor*) override { ADD_FAILURE(); }
  void destroy() noexcept override {
    ++destroyed_;
    delete this;
  }

 private:
  ~Revoked() = default;
  int& destroyed_;
};

TEST(AsyncLateLoop, DoesNotSendRevokedOperation) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  int destroyed = 0;
  link.connection->submit(*new Revoked(destroyed));
  link.submit(TestOperation::make({"ECHO", "next"}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(server.count("INCR"), 0U);
  EXPECT_EQ(link.connection->load().operations, 0U);
}

}  // namespace
}  // namespace redstart::test
