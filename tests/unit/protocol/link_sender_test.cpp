// SPDX-License-Identifier: Apache-2.0
// link_sender_test.cpp: blocks, partial writes, admission and checks of a link.
#include "protocol/link_sender.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "support/scripted_link.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using EventKind = ScriptedLink::EventKind;
using Kind = ScriptedLink::Kind;

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view pong = "+PONG\r\n";

ScriptedLink::Settings exclusive() {
  ScriptedLink::Settings settings;
  settings.kind = Kind::exclusive;
  return settings;
}
// Commands above 96 bytes are large.
ScriptedLink::Settings small_blocks() {
  ScriptedLink::Settings settings;
  settings.scratch = 96;
  return settings;
}
// The bytes of SET with a value of this size.
std::string set(std::size_t size) { return encoded({"SET", "k", std::string(size, 'v')}); }

TEST(LinkSenderTest, SendsQueueInOneBlock) {
  ScriptedLink link;
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  EXPECT_TRUE(link.kernel.sent.empty());
  link.open();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}) + encoded({"GET", "b"}));
  link.receive("+1\r\n+2\r\n");
  EXPECT_EQ(link.records[0]->replies, std::vector<std::string>{"+1\r\n"});
  EXPECT_EQ(link.records[1]->replies, std::vector<std::string>{"+2\r\n"});
}

TEST(LinkSenderTest, SendsCommandsOfEachSizeAroundBlock) {
  for (std::size_t size = 1; size != 120; ++size) {
    ScriptedLink link(small_blocks());
    link.push(link.make({"GET", "a"}));
    link.push(link.make({"SET", "k", std::string(size, 'v')}));
    link.push(link.make({"GET", "b"}));
    link.open();
    EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}) + set(size) + encoded({"GET", "b"})) << size;
    link.receive("+1\r\n+OK\r\n+2\r\n");
    EXPECT_EQ(link.alive(), 0U);
  }
}

// The kernel accepts each number of bytes, then none, then the rest in steps of each size.
TEST(LinkSenderTest, ContinuesAfterPartialWriteAtEachByte) {
  const std::string all = encoded({"GET", "a"}) + set(100) + encoded({"GET", "b"});
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (const std::size_t step : {1U, 7U, 50U}) {
      ScriptedLink link(small_blocks());
      link.push(link.make({"GET", "a"}));
      link.push(link.make({"SET", "k", std::string(100, 'v')}));
      link.push(link.make({"GET", "b"}));
      link.begin_opening();
      link.opened();
      ASSERT_EQ(link.kernel.sent, all);
      link.receive("+1\r\n+OK\r\n+2\r\n");
      // Again, on a connection whose kernel is full.
      link.kernel.sent.clear();
      link.kernel.room = first;
      link.push(link.make({"GET", "a"}));
      link.push(link.make({"SET", "k", std::string(100, 'v')}));
      link.submit({"GET", "b"});
      ASSERT_EQ(link.kernel.sent, all.substr(0, first));
      ASSERT_EQ(link.awaits_writable(), first < all.size());
      link.submit({"GET", "c"});
      ASSERT_EQ(link.kernel.sent, all.substr(0, first)) << "nothing overtakes what waits";
      while (link.awaits_writable()) link.writable(step);
      ASSERT_EQ(link.kernel.sent, all + encoded({"GET", "c"}));
      link.receive("+1\r\n+OK\r\n+2\r\n+3\r\n");
      ASSERT_EQ(link.alive(), 0U);
      ASSERT_TRUE(link.core.outbox().flushed());
    }
  }
}

TEST(LinkSenderTest, WritesOnlyItsSharePerTurn) {
  ScriptedLink::Settings settings = small_blocks();
  for (std::size_t share = 1; share != 60; ++share) {
    settings.share = share;
    ScriptedLink link(settings);
    for (int i = 0; i != 5; ++i) link.push(link.make({"GET", std::to_string(i)}));
    link.push(link.make({"SET", "k", std::string(200, 'v')}));
    link.push(link.make({"GET", "5"}));
    link.open();
    std::string all;
    for (int i = 0; i != 5; ++i) all += encoded({"GET", std::to_string(i)});
    all += set(200) + encoded({"GET", "5"});
    EXPECT_EQ(link.kernel.sent, all) << share;
  }
}

// A connection that ends after each byte of two commands and a batch, in one block or in three.
TEST(LinkSenderTest, EffectIsRightForEachNumberOfWrittenBytes) {
  const std::string part = encoded({"INCR", "b"});
  const std::size_t one = encoded({"INCR", "a"}).size();
  const std::size_t two = one + set(120).size();
  const std::size_t ends[] = {one, two, two + 2 * part.size()};
  for (const ScriptedLink::Settings& settings : {ScriptedLink::Settings{}, small_blocks()}) {
    for (std::size_t written = 0; written <= ends[2]; ++written) {
      SCOPED_TRACE(written);
      ScriptedLink link(settings);
      link.open();
      link.kernel.room = written;
      link.push(link.make({"INCR", "a"}));
      link.push(link.make({"SET", "k", std::string(120, 'v')}));
      link.push(link.batch({{"INCR", "b"}, {"INCR", "b"}}));
      link.wake();
      ASSERT_EQ(link.kernel.sent.size(), written);
      link.end_of_stream();
      EXPECT_EQ(link.closed_for(), std::vector{CloseReason::lost});
      for (std::size_t i = 0; i != 3; ++i) {
        const std::size_t begin = i == 0 ? 0 : ends[i - 1];
        const bool in_flight = settings.scratch > ends[2] || written >= begin;
        ASSERT_EQ(link.records[i]->ended(), in_flight) << "else it waits for the next connection";
        if (!in_flight) continue;
        EXPECT_EQ(link.records[i]->code(), Errc::connection_lost);
        // The first command of a batch may have run although the last one was not sent.
        const bool unsent = i == 2 ? written <= begin : written < ends[i];
        EXPECT_EQ(link.records[i]->effect(), unsent ? Effect::not_sent : Effect::indeterminate);
        EXPECT_EQ(std::min(link.records[i]->reached, ends[i] - begin),
                  std::min(std::max(written, begin) - begin, ends[i] - begin));
      }
    }
  }
}

TEST(LinkSenderTest, ReportsWhetherLostOperationWasReached) {
  const std::string one = encoded({"INCR", "a"});
  for (std::size_t written = 0; written <= 2 * one.size(); ++written) {
    ScriptedLink link;
    link.open();
    link.kernel.room = written;
    link.push(link.make({"INCR", "a"}));
    link.submit({"INCR", "a"});
    link.end_of_stream();
    EXPECT_EQ(link.admission.reached, (std::vector{written > 0, written > one.size()})) << written;
  }
}

TEST(LinkSenderTest, WriteErrorClosesAfterRepliesThatArrivedBefore) {
  ScriptedLink link;
  link.open();
  link.submit({"GET", "a"});
  link.kernel.room = 3;
  link.kernel.error = EPIPE;
  link.kernel.arrived = "$1\r\n1\r\n-NOAUTH go away\r\n";
  link.submit({"GET", "b"});
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.records[1]->replies, std::vector<std::string>{"-NOAUTH go away\r\n"});
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::lost});
}

TEST(LinkSenderTest, WriteErrorAtEachByteFailsWhatWasNotAnswered) {
  const std::string all = encoded({"GET", "a"}) + set(120);
  for (std::size_t written = 0; written != all.size(); ++written) {
    for (const int error : {EPIPE, ECONNRESET, ETIMEDOUT}) {
      ScriptedLink link(small_blocks());
      link.open();
      link.kernel.room = written;
      link.kernel.error = error;
      link.push(link.make({"GET", "a"}));
      link.submit({"SET", "k", std::string(120, 'v')});
      const bool first_is_whole = written >= encoded({"GET", "a"}).size();
      EXPECT_EQ(link.records[0]->effect(), first_is_whole ? Effect::indeterminate : Effect::not_sent);
      ASSERT_EQ(link.records[1]->ended(), first_is_whole) << "else it waits for the next connection";
      if (first_is_whole) {
        EXPECT_EQ(link.records[1]->effect(), Effect::not_sent);
      }
      EXPECT_EQ(link.closed_for(),
                std::vector{error == ETIMEDOUT ? CloseReason::timeout : CloseReason::lost});
      EXPECT_EQ(link.core.outbox().error(), 0);
    }
  }
}

TEST(LinkSenderTest, WriteErrorOfWhatWaitedCloses) {
  ScriptedLink link;
  link.open();
  link.kernel.room = 4;
  link.submit({"GET", "a"});
  link.kernel.error = ECONNRESET;
  link.writable(2);
  EXPECT_EQ(link.records[0]->code(), Errc::connection_lost);
  EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
  EXPECT_EQ(link.records[0]->reached, 6U);
  EXPECT_EQ(link.closes, 1U);
}

TEST(LinkSenderTest, CancelledOperationIsSentToItsEnd) {
  const std::string large = set(120);
  for (std::size_t written = 0; written != large.size(); ++written) {
    ScriptedLink link(small_blocks());
    link.open();
    link.kernel.room = written;
    link.submit(link.make({"SET", "k", std::string(120, 'v')}).known_as(1));
    link.submit({"GET", "a"});
    link.cancel(1, engine::Cancellation::terminal);
    ASSERT_TRUE(link.records[0]->ended());
    EXPECT_EQ(link.records[0]->effect(), Effect::indeterminate);
    EXPECT_EQ(link.status.given_up(), 1U);
    while (link.awaits_writable()) link.writable(5);
    EXPECT_EQ(link.kernel.sent, large + encoded({"GET", "a"})) << written;
    link.receive("+OK\r\n+1\r\n");
    EXPECT_EQ(link.records[1]->replies, std::vector<std::string>{"+1\r\n"});
    EXPECT_EQ(link.status.given_up(), 0U);
  }
}

// The server may refuse a command before it has all of its bytes.
TEST(LinkSenderTest, RefusedOperationIsSentToItsEnd) {
  const std::string large = set(120);
  for (std::size_t written = 0; written != large.size(); ++written) {
    ScriptedLink link(small_blocks());
    link.open();
    link.kernel.room = written;
    link.submit({"SET", "k", std::string(120, 'v')});
    link.submit({"GET", "a"});
    link.receive("-OOM no memory\r\n");
    ASSERT_TRUE(link.records[0]->succeeded());
    EXPECT_EQ(link.records[0]->replies, std::vector<std::string>{"-OOM no memory\r\n"});
    while (link.awaits_writable()) link.writable(5);
    EXPECT_EQ(link.kernel.sent, large + encoded({"GET", "a"})) << written;
    link.receive("+1\r\n");
    EXPECT_TRUE(link.records[1]->succeeded());
  }
}

TEST(LinkSenderTest, RefusedOperationIsSentToItsEndAlthoughItsRetryIsCancelled) {
  const std::string large = set(120);
  for (std::size_t written = 0; written != large.size(); ++written) {
    ScriptedLink link(small_blocks());
    link.admission.refused = [](auto&, std::string_view) { return 50ms; };
    link.open();
    link.kernel.room = written;
    link.submit(link.make({"SET", "k", std::string(120, 'v')}).known_as(1));
    link.receive("-BUSY\r\n");
    EXPECT_FALSE(link.records[0]->ended());
    link.cancel(1, engine::Cancellation::total);
    EXPECT_EQ(link.records[0]->code(), Errc::cancelled);
    while (link.awaits_writable()) link.writable(5);
    EXPECT_EQ(link.kernel.sent, large) << written;
  }
}

// Admission.

TEST(LinkSenderTest, RefusedAdmissionFailsOperations) {
  ScriptedLink link;
  link.open();
  link.admission.passes = false;
  link.admission.places = 1;
  link.push(link.make({"GET", "a"}));
  link.push(link.make({"GET", "b"}));
  link.push(link.make({"PING"}).of_the_pool());
  link.wake();
  EXPECT_EQ(link.kernel.sent, std::string(ping) + encoded({"GET", "a"}));
  EXPECT_EQ(link.records[1]->code(), Errc::circuit_open);
  EXPECT_EQ(link.records[1]->effect(), Effect::not_sent);
  link.receive("+PONG\r\n+1\r\n");
  EXPECT_EQ(link.admission.probe_verdicts, std::vector{BreakerVerdict::success});
}

TEST(LinkSenderTest, RefusedAdmissionWaits) {
  ScriptedLink link;
  link.open();
  link.admission.passes = false;
  link.admission.waiting = true;
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  EXPECT_TRUE(link.kernel.sent.empty());
  EXPECT_EQ(link.alive(), 2U);
  link.admission.places = 1;
  link.wake();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
  link.admission.passes = true;
  link.wake();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}) + encoded({"GET", "b"}));
  link.receive("+1\r\n+2\r\n");
  EXPECT_EQ(link.admission.probe_verdicts, std::vector{BreakerVerdict::success});
  EXPECT_EQ(link.admission.verdicts.size(), 1U)
      << "answers with the common ticket are not reported one by one";
}

TEST(LinkSenderTest, ProbeEndsOnceForEachKindOfEnd) {
  const auto verdicts = [](auto script) {
    ScriptedLink link;
    link.open();
    link.admission.passes = false;
    link.admission.places = 1;
    link.submit(link.make({"GET", "a"}).known_as(1).until(link.now + 1s));
    script(link);
    EXPECT_EQ(link.admission.open_probes(), 0U);
    return link.admission.probe_verdicts;
  };
  using Verdicts = std::vector<BreakerVerdict>;
  EXPECT_EQ(verdicts([](auto& link) { link.receive("+1\r\n"); }), Verdicts{BreakerVerdict::success});
  EXPECT_EQ(verdicts([](auto& link) { link.receive("-ERR no\r\n"); }), Verdicts{BreakerVerdict::success});
  EXPECT_EQ(verdicts([](auto& link) { link.end_of_stream(); }), Verdicts{BreakerVerdict::failure});
  EXPECT_EQ(verdicts([](auto& link) { link.advance(2s); }), Verdicts{BreakerVerdict::failure});
  EXPECT_EQ(verdicts([](auto& link) { link.stop(link.now); }), Verdicts{BreakerVerdict::nothing});
  EXPECT_EQ(verdicts([](auto& link) { link.cancel(1, engine::Cancellation::terminal); }),
            Verdicts{BreakerVerdict::nothing});
  EXPECT_EQ(verdicts([](auto& link) {
              link.cancel(1, engine::Cancellation::terminal);
              link.receive("+1\r\n");
            }),
            Verdicts{BreakerVerdict::nothing});
  EXPECT_EQ(verdicts([](auto& link) { link.drop(); }), Verdicts{BreakerVerdict::nothing});
  EXPECT_EQ(verdicts([](auto& link) {
              link.admission.refused = [](auto&, std::string_view) { return 10ms; };
              link.receive("-BUSY\r\n");
              link.cancel(1, engine::Cancellation::total);
            }),
            Verdicts{BreakerVerdict::success});
}

TEST(LinkSenderTest, OneLossIsOneFailure) {
  ScriptedLink link;
  link.open();
  for (int i = 0; i != 5; ++i) link.push(link.make({"GET", "a"}).known_as(static_cast<std::uint64_t>(i) + 1));
  link.wake();
  link.cancel(5, engine::Cancellation::terminal);
  link.end_of_stream();
  EXPECT_EQ(link.admission.failed_tickets(), 1U);
  EXPECT_EQ(link.admission.verdicts.size(), 5U);
}

TEST(LinkSenderTest, DoesNotSendRevokedOperation) {
  bool revoked = false;
  ScriptedLink link;
  link.submit(link.make({"GET", "a"}).revocable_by(revoked));
  link.submit({"GET", "b"});
  revoked = true;
  link.open();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
  EXPECT_EQ(link.records[0]->destroyed, 1);
}

TEST(LinkSenderTest, RevokedProbeIsEnded) {
  const bool revoked = true;
  ScriptedLink link;
  link.admission.passes = false;
  link.admission.places = 1;
  link.submit(link.make({"GET", "a"}).revocable_by(revoked));
  link.open();
  EXPECT_EQ(link.admission.probe_verdicts, std::vector{BreakerVerdict::nothing});
}

TEST(LinkSenderTest, OperationWithoutCommandEndsWhenConnectionIsReady) {
  ScriptedLink link;
  link.submit(link.connect());
  link.submit({"GET", "a"});
  EXPECT_FALSE(link.records[0]->ended());
  link.open();
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
}

TEST(LinkSenderTest, DoesNotSendExpiredOperation) {
  ScriptedLink link;
  link.open();
  link.push(link.make({"GET", "a"}).until(link.now));
  link.push(link.make({"GET", "b"}));
  link.wake();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
  EXPECT_EQ(link.records[0]->code(), Errc::timeout);
  EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
}

// Checks of an idle connection.

TEST(LinkSenderTest, ChecksIdleConnectionBeforeItIsUsed) {
  ScriptedLink link;
  link.open();
  link.advance(30s);
  link.submit({"GET", "a"});
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"})) << "30 s are not longer than the limit";
  link.receive("+1\r\n");
  link.advance(31s);
  link.kernel.sent.clear();
  link.submit({"GET", "b"});
  link.submit({"GET", "c"});
  EXPECT_EQ(link.kernel.sent, ping);
  EXPECT_TRUE(link.core.sender().checking());
  link.receive(pong);
  EXPECT_FALSE(link.core.sender().checking());
  EXPECT_EQ(link.kernel.sent, std::string(ping) + encoded({"GET", "b"}) + encoded({"GET", "c"}));
  EXPECT_EQ(link.admission.answers, 1U) << "the PING is not counted";
  EXPECT_EQ(link.status.given_up(), 0U);
}

TEST(LinkSenderTest, FailedCheckLeavesQueueForNextConnection) {
  ScriptedLink link;
  link.open();
  link.advance(31s);
  link.submit({"INCR", "a"});
  const auto timers = link.timers;
  link.advance(1900ms);
  EXPECT_EQ(link.closes, 0U);
  link.advance(200ms);  // timeouts.health is 2 s
  EXPECT_GT(link.timers, timers);
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::timeout});
  EXPECT_EQ(link.alive(), 1U);
  EXPECT_EQ(link.count(EventKind::wanted), 1U);
  EXPECT_EQ(link.admission.failed_tickets(), 0U);
  link.open();
  EXPECT_EQ(link.kernel.sent, encoded({"INCR", "a"}));
}

TEST(LinkSenderTest, DoesNotCheckIfDisabled) {
  ScriptedLink link;
  link.check_after_idle(0ms);
  link.open();
  link.advance(1h);
  link.submit({"GET", "a"});
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
}

TEST(LinkSenderTest, ExclusiveConnectionIsCheckedOnRequestOnly) {
  ScriptedLink link(exclusive());
  link.open();
  link.advance(1h);
  link.submit({"GET", "a"});
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
  link.receive("+1\r\n");
  link.status.check_due(true);
  link.kernel.sent.clear();
  link.submit({"GET", "b"});
  EXPECT_EQ(link.kernel.sent, ping);
  link.receive("-ERR any reply proves the connection\r\n");
  EXPECT_EQ(link.kernel.sent, std::string(ping) + encoded({"GET", "b"}));
  link.receive("+2\r\n");
  EXPECT_EQ(link.alive(), 0U);
}

TEST(LinkSenderTest, LooksForEndBeforeUsingIdleConnection) {
  ScriptedLink link;
  link.open();
  link.advance(999us);
  link.kernel.arrived = "+unsolicited\r\n";
  link.submit({"GET", "a"});
  EXPECT_FALSE(link.kernel.sent.empty()) << "it was in use just before";
  link.readable();
  EXPECT_EQ(link.closes, 0U) << "taken for the reply";

  link.advance(2ms);
  link.kernel.sent.clear();
  link.kernel.arrived = "+unsolicited\r\n";
  link.submit({"GET", "b"});
  EXPECT_TRUE(link.kernel.sent.empty());
  link.readable();
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::desync});
  EXPECT_EQ(link.alive(), 1U);
  link.open();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
}

TEST(LinkSenderTest, PushDoesNotStopUseOfIdleConnection) {
  ScriptedLink link;
  link.open();
  link.advance(2ms);
  link.kernel.arrived = ">1\r\n+news\r\n";
  link.submit({"GET", "b"});
  EXPECT_TRUE(link.kernel.sent.empty());
  link.readable();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
}

// Time that is lost while the process is stopped.

TEST(LinkSenderTest, ExtendsDeadlinesByTimeLostWhileSending) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"GET", "before"}).until(link.now + 10s));
  link.stalls_while_sending = 3s;
  link.submit(link.make({"GET", "a"}).until(link.now + 2s));
  link.stalls_while_sending = 0s;
  link.advance(1900ms);
  EXPECT_EQ(link.alive(), 2U);
  link.advance(200ms);
  EXPECT_EQ(link.records[1]->code(), Errc::timeout);
  EXPECT_EQ(link.alive(), 1U);
  link.advance(2800ms);  // 7.9 s since the first one was sent
  EXPECT_EQ(link.closes, 0U) << "silence is extended as well";
  link.advance(200ms);
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::timeout});
}

TEST(LinkSenderTest, ShortSendingExtendsNothing) {
  ScriptedLink link;
  link.open();
  link.stalls_while_sending = 4ms;
  const TimePoint deadline = link.now + 100ms;
  link.submit(link.make({"GET", "a"}).until(deadline));
  link.advance(deadline - link.now + 3ms);
  EXPECT_TRUE(link.records[0]->ended());
}

// Keepalive.

TEST(LinkSenderTest, BlockingCommandNeedsFastKeepaliveOnce) {
  ScriptedLink link(exclusive());
  link.open();
  link.submit(link.make({"BLPOP", "a", "0"}).blocks(0ms));
  EXPECT_EQ(link.keepalive, 1U);
  EXPECT_FALSE(link.core.sender().take_usual_keepalive());
  link.receive("*-1\r\n");
  link.submit(link.make({"BLPOP", "a", "0"}).blocks(0ms));
  EXPECT_EQ(link.keepalive, 1U);
  link.receive("*-1\r\n");
  EXPECT_TRUE(link.core.sender().take_usual_keepalive());
  EXPECT_FALSE(link.core.sender().take_usual_keepalive());
  link.submit(link.make({"BLPOP", "a", "0"}).blocks(0ms));
  EXPECT_EQ(link.keepalive, 2U);
}

// Commands that change the session of a scoped handle.

TEST(LinkSenderTest, UnsentSessionCommandRetiresExclusiveConnection) {
  ScriptedLink link(exclusive());
  link.open();
  link.submit({"GET", "a"});
  link.push(link.make({"MULTI"}).changes(Session::transaction).until(link.now));
  link.submit({"GET", "b"});
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"})) << "nothing is sent behind it";
  link.receive("+1\r\n");
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::dirty});
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_FALSE(link.records[2]->ended());
}

TEST(LinkSenderTest, UnsentSessionCommandDoesNotConcernSharedConnection) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"MULTI"}).changes(Session::transaction).until(link.now));
  link.submit({"GET", "b"});
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
  EXPECT_EQ(link.closes, 0U);
}

}  // namespace
}  // namespace redstart::test
