// SPDX-License-Identifier: Apache-2.0
// transactions_test.cpp: commands between MULTI and EXEC on both kinds of scoped handles.
#include <redstart/redstart.hpp>

#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "support/client_test.hpp"
#include "support/error_of.hpp"

namespace redstart::test {
namespace {

using boost::asio::use_future;

class Transactions : public ClientTest {
 protected:
  [[nodiscard]] ScopedClient own() { return manager().scoped_client("main"); }
  [[nodiscard]] AsyncScopedClient own_async() {
    return manager().scoped_async_client("main")(use_future).get();
  }
  void TearDown() override { EXPECT_EQ(raw().integer({"EXISTS", "untouched"}), 0); }
};

INSTANTIATE_TEST_SUITE_P(Protocols, Transactions, both_protocols(), protocol_name);

void expect_refused(const Error& error) {
  EXPECT_EQ(error.code(), Errc::not_allowed) << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_NE(std::string(error.what()).find("QUEUED"), std::string::npos) << error.what();
}

TEST_P(Transactions, TypedCallsAfterMultiAreRefusedBeforeSending) {
  raw().text({"SET", "k", "value"});
  const ScopedClient own = this->own();
  own.command<Ok>("MULTI");
  expect_refused(error_of([&] { return own.get("k"); }));
  expect_refused(error_of([&] { return own.hget("h", "f"); }));
  expect_refused(error_of([&] { return own.lpop("l"); }));
  expect_refused(error_of([&] { return own.getdel("k"); }));
  expect_refused(error_of([&] { return own.set_get("k", "other"); }));
  expect_refused(error_of([&] { return own.spop("s"); }));
  expect_refused(error_of([&] { return own.getrange("k", 0, -1); }));
  expect_refused(error_of([&] { return own.type("k"); }));
  expect_refused(error_of([&] { return own.set("untouched", "v"); }));
  expect_refused(error_of([&] { return own.lrange("l", 0, -1); }));
  expect_refused(error_of([&] { return own.incr("untouched"); }));
  expect_refused(error_of([&] { return own.select(1); }));
  expect_refused(error_of([&] { return own.command<std::string>("INCR", "untouched"); }));
  expect_refused(error_of([&] { return own.command<std::optional<std::string>>("GET", "k"); }));
  expect_refused(error_of([&] { return own.exec(cmd.get("k")); }));
  EXPECT_EQ(own.command<std::optional<std::vector<Value>>>("EXEC").value().size(), 0U);
  EXPECT_EQ(own.get("k"), "value") << "typed calls must work after EXEC";
}

TEST_P(Transactions, QueuedCommandsGetTheirValuesFromExec) {
  const ScopedClient own = this->own();
  own.command<Ok>("WATCH", "n");
  const auto before = own.get<std::int64_t>("n");
  EXPECT_FALSE(before);
  own.command<Ok>("MULTI");
  own.command<Queued>("INCRBY", "n", 7);
  EXPECT_EQ(own.command<Value>("GET", "n").as_string(), "QUEUED");
  const auto replies = own.command<std::optional<std::tuple<std::int64_t, std::string>>>("EXEC");
  EXPECT_EQ(replies, (std::tuple<std::int64_t, std::string>(7, "7")));
  own.command<Ok>("WATCH", "n");
  raw().text({"INCR", "n"});
  own.command<Ok>("MULTI");
  own.command<Queued>("INCR", "n");
  EXPECT_FALSE((own.command<std::optional<std::vector<Value>>>("EXEC")));
  EXPECT_EQ(own.get<std::int64_t>("n"), 8);
}

TEST_P(Transactions, DiscardEndsTransaction) {
  const ScopedClient own = this->own();
  own.command<Ok>("multi");
  own.command<Queued>("SET", "untouched", "v");
  expect_refused(error_of([&] { return own.get("k"); }));
  own.command<Ok>("DISCARD");
  EXPECT_EQ(own.get("k"), std::nullopt);
}

TEST_P(Transactions, AbortedExecEndsTransaction) {
  const ScopedClient own = this->own();
  own.command<Ok>("MULTI");
  EXPECT_EQ(error_of([&] { return own.command<Queued>("NO.SUCH.COMMAND"); }).code(), Errc::server_error);
  EXPECT_EQ(error_of([&] { return own.command<Value>("EXEC"); }).server_code(), "EXECABORT");
  EXPECT_EQ(own.get("k"), std::nullopt);
}

TEST_P(Transactions, MultiRefusedByServerStartsNoTransaction) {
  const ScopedClient own = this->own();
  EXPECT_EQ(error_of([&] { return own.command<Value>("MULTI", "superfluous"); }).code(), Errc::server_error);
  EXPECT_EQ(own.get("k"), std::nullopt);
}

TEST_P(Transactions, AsyncTypedCallsAfterMultiAreRefused) {
  raw().text({"SET", "k", "value"});
  const AsyncScopedClient own = own_async();
  const auto error_of_async = [](auto operation) {
    return error_of([&] { return std::move(operation)(use_future).get(); });
  };
  own.command<Ok>("MULTI")(use_future).get();
  expect_refused(error_of_async(own.get("k")));
  expect_refused(error_of_async(own.set("untouched", "v")));
  expect_refused(error_of_async(own.command<std::string>("INCR", "untouched")));
  expect_refused(error_of_async(own.exec(cmd.get("k"))));
  own.command<Queued>("INCR", "n")(use_future).get();
  const auto replies = own.command<std::optional<std::tuple<std::int64_t>>>("EXEC")(use_future).get();
  EXPECT_EQ(replies, std::tuple<std::int64_t>(1));
  EXPECT_EQ(own.get("k")(use_future).get(), "value");
}

TEST_P(Transactions, AsyncCallsAreRefusedWhileMultiIsInFlight) {
  const AsyncScopedClient own = own_async();
  auto multi = own.command<Ok>("MULTI")(use_future);
  auto refused = own.get("k")(use_future);
  auto queued = own.command<Queued>("INCR", "n")(use_future);
  auto exec = own.command<std::tuple<std::int64_t>>("EXEC")(use_future);
  auto after = own.get<std::int64_t>("n")(use_future);
  multi.get();
  expect_refused(error_of([&] { return refused.get(); }));
  queued.get();
  EXPECT_EQ(exec.get(), std::tuple<std::int64_t>(1));
  EXPECT_EQ(after.get(), 1);
}

TEST_P(Transactions, AsyncMultiRefusedByServerStartsNoTransaction) {
  const AsyncScopedClient own = own_async();
  const Error error = error_of([&] { return own.command<Value>("MULTI", "superfluous")(use_future).get(); });
  EXPECT_EQ(error.code(), Errc::server_error);
  EXPECT_EQ(own.get("k")(use_future).get(), std::nullopt);
}

}  // namespace
}  // namespace redstart::test
