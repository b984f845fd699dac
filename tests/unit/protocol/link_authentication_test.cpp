// SPDX-License-Identifier: Apache-2.0
// link_authentication_test.cpp: AUTH with newer credentials between the commands of a link.
#include "protocol/link_authentication.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/scripted_link.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using LinkKind = protocol::LinkKind;
using ::testing::HasSubstr;
using ::testing::Not;

class LinkAuthenticationTest : public ::testing::TestWithParam<LinkKind> {
 protected:
  explicit LinkAuthenticationTest(bool integrity = false) : link_(settings(integrity)) {
    link_.check_after_idle(0ms);
    link_.renewal = {{1, link_.now, 100s}, 0.5};  // due after 80 s
    link_.open();
  }
  static ScriptedLink::Settings settings(bool integrity) {
    ScriptedLink::Settings settings;
    settings.kind = GetParam();
    settings.integrity = integrity;
    return settings;
  }
  void provide(std::uint64_t number) {
    protocol::ProvidedCredentials newest;
    newest.credentials = {"app", Secret("token-" + std::to_string(number))};
    newest.term = {number, link_.now, 100s};
    link_.newest = std::make_shared<const protocol::ProvidedCredentials>(newest);
  }
  [[nodiscard]] static std::string auth(int number) {
    return encoded({"AUTH", "app", "token-" + std::to_string(number)});
  }
  [[nodiscard]] std::vector<Cause> failures() const {
    std::vector<Cause> all;
    for (const auto& event : link_.events)
      if (event.kind == ScriptedLink::EventKind::unauthenticated) all.push_back(*event.failure);
    return all;
  }

  ScriptedLink link_;
};

TEST_P(LinkAuthenticationTest, IsSentOnIdleConnectionWhenDue) {
  link_.advance(79s);
  provide(2);
  EXPECT_EQ(link_.kernel.sent, "");
  link_.advance(1s);
  EXPECT_EQ(link_.kernel.sent, auth(2));
  link_.receive("+OK\r\n");
  EXPECT_EQ(link_.closes, 0U);
  link_.advance(10s);
  EXPECT_EQ(link_.kernel.sent, auth(2)) << "once";
}

TEST_P(LinkAuthenticationTest, FollowsCheckOfConnectionThatWasIdleForLong) {
  link_.check_after_idle(10s);
  link_.status.check_due(true);
  provide(2);
  link_.advance(80s);
  EXPECT_EQ(link_.kernel.sent, encoded({"PING"}));
  link_.receive("+PONG\r\n");
  EXPECT_EQ(link_.kernel.sent, encoded({"PING"}) + auth(2));
  link_.receive("+OK\r\n");
  link_.advance(5s);
  EXPECT_EQ(link_.closes, 0U);
}

TEST_P(LinkAuthenticationTest, IsRepeatedForEachTerm) {
  for (const int number : {2, 3, 4}) {
    link_.advance(79s);
    provide(static_cast<std::uint64_t>(number));
    link_.kernel.sent.clear();
    link_.advance(2s);
    EXPECT_EQ(link_.kernel.sent, auth(number));
    link_.receive("+OK\r\n");
  }
}

TEST_P(LinkAuthenticationTest, IsRepeatedSoonIfNewerCredentialsAreOldAlready) {
  provide(2);
  link_.advance(81s);
  link_.receive("+OK\r\n");
  EXPECT_EQ(link_.kernel.sent, auth(2));
  provide(3);
  link_.advance(1s);
  EXPECT_EQ(link_.kernel.sent, auth(2) + auth(3)) << "those of before were due again at once";
}

TEST_P(LinkAuthenticationTest, IsDueAtOnceIfConnectionIsOpenedLate) {
  link_.end_of_stream();
  link_.advance(85s);
  link_.open();
  EXPECT_EQ(link_.kernel.sent, "");
  provide(2);
  link_.advance(2s);
  EXPECT_EQ(link_.kernel.sent, auth(2));
}

TEST_P(LinkAuthenticationTest, ReplyReachesNoCaller) {
  provide(2);
  link_.advance(79s);
  const auto before = link_.submit({"GET", "a"});
  link_.advance(1s);
  const auto after = link_.submit({"GET", "b"});
  EXPECT_EQ(link_.kernel.sent, encoded({"GET", "a"}) + auth(2) + encoded({"GET", "b"}));
  link_.receive("+a\r\n+OK\r\n+b\r\n");
  EXPECT_EQ(before->replies, std::vector<std::string>{"+a\r\n"});
  EXPECT_EQ(after->replies, std::vector<std::string>{"+b\r\n"});
  EXPECT_EQ(link_.status.given_up(), 0U);
}

TEST_P(LinkAuthenticationTest, LooksAgainUntilThereAreNewerCredentials) {
  link_.advance(85s);
  EXPECT_EQ(link_.kernel.sent, "");
  provide(2);
  link_.advance(1s);
  EXPECT_EQ(link_.kernel.sent, auth(2));
}

TEST_P(LinkAuthenticationTest, ReportsExpiryOnceIfThereAreNone) {
  link_.advance(99s);
  EXPECT_TRUE(failures().empty());
  const std::size_t timers = link_.timers;
  EXPECT_LT(timers, 30U);
  link_.advance(60s);
  ASSERT_EQ(failures().size(), 1U);
  EXPECT_THAT(failures()[0].what, HasSubstr("have expired"));
  EXPECT_LE(link_.timers, timers + 5) << "nothing is left to wait for";
}

TEST_P(LinkAuthenticationTest, ReportsRefusalWithoutSecretAndKeepsCommands) {
  provide(2);
  link_.advance(80s);
  const auto get = link_.submit({"GET", "a"});
  link_.receive("-WRONGPASS bad token-2\r\n");
  ASSERT_EQ(failures().size(), 1U);
  EXPECT_EQ(failures()[0].code, Errc::authentication_failed);
  EXPECT_THAT(failures()[0].server, HasSubstr("WRONGPASS bad"));
  EXPECT_THAT(failures()[0].server, Not(HasSubstr("token-2")));
  EXPECT_EQ(link_.events.back().credentials, 2U);
  link_.receive("+a\r\n");
  EXPECT_TRUE(get->succeeded());
  EXPECT_EQ(link_.closes, 0U) << "the owner closes it";
  link_.advance(50s);
  EXPECT_EQ(failures().size(), 1U);
}

TEST_P(LinkAuthenticationTest, IsRepeatedIfServerIsBusy) {
  provide(2);
  link_.advance(80s);
  link_.receive("-BUSY Redis is busy running a script\r\n");
  EXPECT_TRUE(failures().empty());
  link_.advance(2s);
  EXPECT_EQ(link_.kernel.sent, auth(2) + auth(2));
}

TEST_P(LinkAuthenticationTest, WaitsForBlockingCommand) {
  provide(2);
  ScriptedOperation& pop = link_.make({"BLPOP", "a", "0"});
  pop.request.traits.blocks_for = 0ms;
  pop.deadline = link_.now + 1h;
  link_.submit(pop);
  link_.advance(85s);
  EXPECT_EQ(link_.kernel.sent, encoded({"BLPOP", "a", "0"}));
  provide(3);
  link_.advance(2s);
  link_.receive("*0\r\n");
  EXPECT_EQ(link_.kernel.sent, encoded({"BLPOP", "a", "0"}) + auth(3)) << "the newest ones";
}

TEST_P(LinkAuthenticationTest, IsHeldDuringTransaction) {
  provide(2);
  link_.status.authentication_held(true);
  link_.advance(85s);
  EXPECT_EQ(link_.kernel.sent, "");
  link_.status.authentication_held(false);
  link_.wake();
  EXPECT_EQ(link_.kernel.sent, auth(2));
}

TEST_P(LinkAuthenticationTest, IsNotSentByConnectionThatRetires) {
  provide(2);
  link_.advance(79s);
  link_.submit({"GET", "a"});
  link_.retire(CloseReason::lifetime);
  link_.advance(2s);
  EXPECT_EQ(link_.kernel.sent, encoded({"GET", "a"}));
}

TEST_P(LinkAuthenticationTest, ClosesConnectionWithoutReply) {
  provide(2);
  link_.advance(80s);
  link_.advance(6s);
  EXPECT_EQ(link_.closed_for(), std::vector<CloseReason>{CloseReason::timeout});
  link_.renewal = {{2, link_.now, 100s}, 0.5};
  link_.open();
  link_.submit({"GET", "a"});
  link_.receive("+a\r\n");
  EXPECT_TRUE(link_.records.back()->succeeded()) << "the next connection starts over";
}

TEST_P(LinkAuthenticationTest, IsSentInPartsIfKernelIsFull) {
  provide(2);
  link_.kernel.room = 10;
  link_.advance(80s);
  link_.submit({"GET", "a"});
  EXPECT_EQ(link_.kernel.sent, auth(2).substr(0, 10));
  link_.writable(ScriptedKernel::no_limit);
  EXPECT_EQ(link_.kernel.sent, auth(2) + encoded({"GET", "a"}));
}

TEST_P(LinkAuthenticationTest, NeedsNoCommandWithoutPassword) {
  protocol::ProvidedCredentials none;
  none.term = {2, link_.now + 79s, 100s};
  link_.newest = std::make_shared<const protocol::ProvidedCredentials>(none);
  link_.advance(120s);
  EXPECT_EQ(link_.kernel.sent, "");
  EXPECT_TRUE(failures().empty());
}

class FencedLinkAuthenticationTest : public LinkAuthenticationTest {
 protected:
  FencedLinkAuthenticationTest() : LinkAuthenticationTest(true) {}
};

TEST_P(FencedLinkAuthenticationTest, HasFenceBehindIt) {
  provide(2);
  link_.advance(80s);
  const std::string sent = link_.kernel.sent;
  ASSERT_TRUE(sent.starts_with(auth(2) + std::string(protocol::Fences::head))) << sent;
  const std::string number = sent.substr(sent.size() - 18, 16);
  link_.receive("+OK\r\n");
  link_.receive(bulk_reply(number));
  EXPECT_EQ(link_.closes, 0U);
  link_.advance(10s);
  EXPECT_EQ(link_.closes, 0U);
  EXPECT_EQ(link_.kernel.sent, sent);
}

const auto link_kinds = ::testing::Values(LinkKind::shared, LinkKind::exclusive);
std::string name_of_kind(const ::testing::TestParamInfo<LinkKind>& kind) {
  return kind.param == LinkKind::shared ? "Shared" : "Exclusive";
}
INSTANTIATE_TEST_SUITE_P(Kinds, LinkAuthenticationTest, link_kinds, name_of_kind);
INSTANTIATE_TEST_SUITE_P(Kinds, FencedLinkAuthenticationTest, link_kinds, name_of_kind);

}  // namespace
}  // namespace redstart::test
