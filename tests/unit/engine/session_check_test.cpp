// SPDX-License-Identifier: Apache-2.0
// session_check_test.cpp: which commands a connection must not be sent.
#include <redstart/engine/session_check.hpp>

#include <redstart/commands/session_state.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/core/queued.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::engine {
namespace {

struct Connection {
  Exclusive kind;
  Queues queues;
};
constexpr Connection shared{Exclusive::no, Queues::no};
constexpr Connection exclusive{Exclusive::yes, Queues::no};
constexpr Connection queueing{Exclusive::yes, Queues::yes};

// Why a command with one argument is refused; `R` is the type of its reply.
template <class R = Ok>
std::optional<Error> refusal(Connection over, std::string_view name, std::string_view argument = "1") {
  const CommandInfo& row = *lookup(name, argument);
  const Encoded encoded(Command<R, std::string_view>(row, argument));
  return refusal_of({"main", "localhost:1"}, over.kind, over.queues, encoded.traits, encoded.bytes.view());
}

TEST(SessionCheck, AllowsOrdinaryCommandsEverywhere) {
  EXPECT_FALSE(refusal(shared, "GET"));
  EXPECT_FALSE(refusal(exclusive, "GET"));
}

TEST(SessionCheck, AllowsChangesOfStateOverExclusiveConnectionsOnly) {
  for (const std::string_view name : {"SELECT", "WATCH", "AUTH", "MULTI"}) {
    EXPECT_FALSE(refusal(exclusive, name)) << name;
    const auto error = refusal(shared, name);
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code(), Errc::not_allowed);
    EXPECT_EQ(error->effect(), Effect::not_sent);
    EXPECT_EQ(error->info().command, name);
    EXPECT_NE(error->info().advice.find("scoped_client(\"main\")"), std::string::npos);
  }
}

TEST(SessionCheck, RefusesEverywhereWhatNoHandleCouldRead) {
  for (const std::string_view name : {"SUBSCRIBE", "MONITOR", "RESET", "SYNC"})
    EXPECT_TRUE(refusal(exclusive, name)) << name;
}

TEST(SessionCheck, AllowsBetweenMultiAndExecOnlyRepliesThatShowQueued) {
  EXPECT_TRUE(refusal(queueing, "GET"));
  EXPECT_TRUE(refusal(queueing, "SELECT"));
  EXPECT_TRUE(refusal(queueing, "MULTI"));
  EXPECT_TRUE(refusal(queueing, "WATCH"));
  EXPECT_FALSE(refusal<Queued>(queueing, "GET"));
  EXPECT_FALSE(refusal(queueing, "EXEC"));
  EXPECT_FALSE(refusal(queueing, "DISCARD"));
}

TEST(SessionCheck, RefusesCommandsThatLackArguments) {
  RequestTraits traits{"DEL"};
  traits.lacks_arguments = true;
  const auto error = refusal_of({"main", {}}, Exclusive::yes, Queues::no, traits, "*1\r\n$3\r\nDEL\r\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::invalid_argument);
  EXPECT_EQ(error->effect(), Effect::not_sent);
}

}  // namespace
}  // namespace redstart::inline v0::engine
